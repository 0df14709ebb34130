/**
 * The shapes of the manifest's texts, shared word for word by the reader and by schema/aptroot.schema.json (a test
 * compares them). Written without look-behind and so that they mean the same with and without the `u` flag.
 */
const part = '[A-Za-z0-9][A-Za-z0-9.+~_-]*'
const address = '[!-"$->@-\\[\\]-~]*'
const printable = '[^\\u0000-\\u001f\\u007f]'
const branchPart = '(?:[A-Za-z0-9]|\\{architecture\\})(?:[A-Za-z0-9._-]|\\{architecture\\})*'
const fact = '[anolcvb]=[^,\\u0000-\\u001f\\u007f]+'

export const patterns = {
  architecture: '^[a-z0-9]+(?:-[a-z0-9]+)*$',
  rootArchitecture: '^[a-z0-9-]+(?:\\+[a-z0-9-]+)*$',
  archiveId: '^[A-Za-z0-9][A-Za-z0-9.+_-]*$',
  /** No user name or password, no query: those are settings of a site. */
  uri: `^(?:https?:\\/\\/[A-Za-z0-9.:\\[\\]_-]+(?:\\/${address})?|file:\\/\\/\\/${address})$`,
  /** `bookworm`, `bookworm/updates`, or the folder of a flat repository: `./`, `/`, `xUbuntu_22.04/`. */
  suite: `^(?:${part}(?:\\/${part})*\\/?|\\.?\\/|\\.\\/(?:${part}\\/)+)$`,
  component: `^${part}(?:\\/${part})*$`,
  packageName: '^[A-Za-z0-9][A-Za-z0-9+._-]*$',
  /** Words of printable ASCII with single blanks between them. */
  pinSubjects: '^[!-~]+(?: [!-~]+)*$',
  versionExpression: '^[!-~]+$',
  /** Empty for archives in the file system. */
  hostExpression: '^[!-~]*$',
  /** `a=stable,o=Debian`, or one name alone. */
  releaseFacts: `^(?:${fact}(?:, ?${fact})*|[^=,\\u0000-\\u001f\\u007f]+)$`,
  date: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
  maximumAge: '^[1-9][0-9]{0,3}[hdw]$',
  line: `^${printable}+$`,
  /** Of `policy:`; becomes part of the name of a branch. */
  groupName: '^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$',
  /** Name of source packages, pattern or regular expression. */
  sourceExpression: '^[!-~]{1,500}$',
  /** An operator of Debian Policy 7.1 and a version. */
  versionBound: '^(?:<<|<=|=|>=|>>) [!-~]+$',
  /** Of a request at a forge; GitLab separates them by commas. */
  label: '^(?! )[^,\\u0000-\\u001f\\u007f]{1,50}$',
  /** Of own debs: wildcards in the last part only. */
  debPath: '^(?:[A-Za-z0-9+_~-][A-Za-z0-9.+_~-]*\\/)*[A-Za-z0-9*?+_~%-][A-Za-z0-9.*?+_~%-]*\\.deb$',
  pathInProject: `^(?!\\/)(?!(?:.*\\/)?\\.\\.(?:\\/|$))${printable}+$`,
  pathInImage: `^\\/(?!(?:.*\\/)?\\.\\.(?:\\/|$))${printable}*$`,
  /** Octal, with or without a leading zero. */
  fileMode: '^[0-7]{3,4}$',
  variableName: '^[a-z][a-z0-9_-]*$',
  pathPattern: `^\\/${printable}*$`,
  /** Also empty. */
  text: `^${printable}*$`,
  environmentName: '^[A-Za-z_][A-Za-z0-9_]*$',
  /** Of labels and annotations, such as `org.opencontainers.image.title`. */
  labelName: '^[A-Za-z0-9][A-Za-z0-9._\\/-]{0,254}$',
  /** As the OCI image specification allows for `org.opencontainers.image.ref.name`. */
  imageReference: '^[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*(?:\\/[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*)*$',
  /** Of ostree; becomes a path below refs/heads. */
  branch: `^${branchPart}(?:\\/${branchPart})*$`,
  volumeLabel: '^[A-Za-z0-9][A-Za-z0-9._-]{0,15}$',
  sizeWithUnit: '^[1-9][0-9]{0,5}[KMG]$',
  /** Of users and groups, as systemd and shadow both allow. */
  accountName: '^[a-z_][a-z0-9_-]{0,30}$',
  /** A field of passwd(5), which colons divide. */
  accountPath: '^\\/(?!(?:.*\\/)?\\.\\.(?:\\/|$))[^:\\u0000-\\u001f\\u007f]*$',
  gecos: '^[^:\\u0000-\\u001f\\u007f]*$',
  /** Owner, question, type and value, with single blanks between them. */
  debconfSelection: `^[a-z0-9][a-z0-9+.-]* [!-~]+ (?:string|boolean|select|multiselect|note|text|password)(?: ${printable}*)?$`,
  hostname: '^(?=.{1,64}$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$',
  timezone: '^[A-Za-z0-9_+-]+(?:\\/[A-Za-z0-9_+-]+){0,2}$',
  locale: '^[A-Za-z]{1,8}(?:_[A-Z]{2})?(?:\\.[A-Za-z0-9-]+)?(?:@[A-Za-z]+)?$',
  unit: '^[A-Za-z0-9_][A-Za-z0-9:_.@\\\\-]*\\.(?:service|socket|timer|target|path|mount|automount|swap|slice)$',
  sysctlName: '^[a-z0-9_]+(?:[./][A-Za-z0-9_*-]+)+$',
  /** Of the outputs of a build: names of files, with wildcards. */
  outputName: '^[A-Za-z0-9*?][A-Za-z0-9.*?+_~%:-]*$',
  /** A version with `{version}` or `{recipe}`, and `{revision}`; what more it has to be, the room of revisions says. */
  versionTemplate: '^(?:[A-Za-z0-9.+~:-]|\\{[a-z]+\\})+$',
  removedPath: `^\\/(?!(?:.*\\/)?\\.{1,2}(?:\\/|$))(?:${printable}*[^\\/\\u0000-\\u001f\\u007f])$`,
} as const

export type PatternName = keyof typeof patterns

const compiled = new Map<PatternName, RegExp>()

export function hasShape(name: PatternName, text: string): boolean {
  let pattern = compiled.get(name)
  if (pattern === undefined) {
    pattern = new RegExp(patterns[name])
    compiled.set(name, pattern)
  }
  return pattern.test(text)
}
