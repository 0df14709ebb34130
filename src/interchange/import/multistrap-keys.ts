/** What becomes of a key of a multistrap configuration. */
export type MultistrapKey =
  /** Carried over. */
  | { readonly kind: 'read' }
  /** Says how multistrap works, not what is in the root: nothing is lost. */
  | { readonly kind: 'needless' }
  /** Left out, with what to do instead. */
  | { readonly kind: 'refused'; readonly instead: string }

const read: MultistrapKey = { kind: 'read' }
const needless: MultistrapKey = { kind: 'needless' }
const refused = (instead: string): MultistrapKey => ({ kind: 'refused', instead })

/** Every key of the section General. @see multistrap(1), and full.conf among its examples */
export const generalKeys: Readonly<Record<string, MultistrapKey>> = {
  arch: read,
  multiarch: read,
  bootstrap: read,
  debootstrap: read,
  noauth: read,
  omitrequired: read,
  addimportant: read,
  allowrecommends: read,
  explicitsuite: read,
  directory: needless,
  cleanup: needless,
  unpack: needless,
  forceunpack: needless,
  ignorenativearch: needless,
  markauto: needless,
  omitpreinst: needless,
  tarballname: refused('write its name to `image.outputs`'),
  aptsources: refused('write `apt-sources: manifest`, or own entries, to `image`'),
  aptpreferences: refused('write its entries as `pins:`'),
  aptdefaultrelease: refused('write a pin with the release'),
  retainsources: refused('aptroot fetches no source packages'),
  configscript: refused('maintainer scripts are run anyway; write your own steps to `image.run`'),
  setupscript: refused('write it to `image.run`'),
  hookdir: refused('write its scripts to `image.run`'),
  debconfseed: refused('docs/manifest.md says how answers for debconf are given'),
  include: refused('import the included file, or copy its lines'),
}

/** Every key of the other sections. */
export const sectionKeys: Readonly<Record<string, MultistrapKey>> = {
  packages: read,
  source: read,
  suite: read,
  components: read,
  keyring: read,
  architecture: read,
  additional: read,
  omitdebsrc: needless,
  reinstall: refused('dpkg is fine with one round'),
}
