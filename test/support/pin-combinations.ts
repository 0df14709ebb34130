/** A stanza of apt_preferences(5). */
export interface PinStanza {
  readonly package: string
  /** As after `Pin:`. */
  readonly pin: string
  readonly priority: number | 'never'
}

export const stanza = (subject: string, pin: string, priority: PinStanza['priority']): PinStanza => ({
  package: subject,
  pin,
  priority,
})

/** Each is one preferences file; the first word says what it is about. */
export const combinations: readonly (readonly [about: string, ...stanzas: readonly PinStanza[]])[] = [
  ['no pins at all'],
  ['release by archive', stanza('*', 'release a=stable-backports', 600)],
  ['release by codename', stanza('*', 'release n=bookworm-backports', 990)],
  ['release by origin', stanza('*', 'release o=Debian', 700)],
  ['release by origin with a blank', stanza('*', 'release o=Debian Backports', 700)],
  ['release by label', stanza('*', 'release l=Debian-Updates', 200)],
  ['release by component', stanza('*', 'release c=contrib', 900)],
  ['release by version', stanza('*', 'release v=12.5', 800)],
  ['release by the beginning of a version', stanza('*', 'release v=12*', 800)],
  ['release by architecture', stanza('*', 'release b=i386', 50)],
  ['several facts have to hold', stanza('*', 'release o=Debian,a=stable-updates', 50)],
  ['facts with blanks between', stanza('*', 'release o=Debian, l=Debian, c=main', 50)],
  ['a fact that nothing has', stanza('*', 'release o=Debian,a=sid', 990)],
  ['release by name: an archive', stanza('*', 'release stable-backports', 990)],
  ['release by name: a codename', stanza('*', 'release bookworm', 990)],
  ['release by name: a version', stanza('*', 'release 12.5', 990)],
  ['release facts in capitals', stanza('*', 'release o=DEBIAN', 321)],
  ['release by pattern', stanza('*', 'release n=bookworm-*', 640)],
  ['release by regular expression', stanza('*', 'release a=/^stable-(updates|backports)$/', 640)],
  ['origin by host', stanza('*', 'origin 127.0.0.1', 750)],
  ['origin by another host', stanza('*', 'origin localhost', 10)],
  ['origin in quotes', stanza('*', 'origin "localhost"', 995)],
  ['origin by pattern', stanza('*', 'origin 127.*', 333)],
  ['origin of the file system', stanza('*', 'origin ""', 1001)],
  ['a package by version', stanza('nginx', 'version 1.22.1-9', 1001)],
  ['a package by the beginning of a version', stanza('nginx', 'version 1.22*', 990)],
  ['a version by pattern', stanza('nginx', 'version *bpo12+?', 990)],
  ['a version by brackets', stanza('nginx', 'version 1.2[67].0-1', 990)],
  ['a version by regular expression', stanza('nginx', 'version /^1\\.2[56]/', 990)],
  ['a version with an epoch', stanza('tool', 'version 1:1.*', 800)],
  ['a version that is not there', stanza('nginx', 'version 9', 1001)],
  ['a package by pattern', stanza('nginx*', 'release a=stable-backports', 995)],
  ['a package by regular expression', stanza('/^(nginx|openssl)$/', 'release a=stable-backports', 995)],
  ['several packages in one pin', stanza('nginx nginx-common tool', 'release a=experimental', 505)],
  ['a source package', stanza('src:nginx', 'version 1.22.1-9', 900)],
  ['a source package by release', stanza('src:openssl', 'release a=stable-backports', 900)],
  ['source packages by pattern', stanza('src:*ssl*', 'release a=stable-backports', 900)],
  ['a package of a foreign architecture', stanza('libssl3:i386', 'release a=stable-backports', 900)],
  ['a package of any architecture', stanza('libssl3:any', 'release a=stable-backports', 900)],
  ['forbidden', stanza('nginx', 'release *', -1)],
  ['forbidden by version', stanza('nginx', 'version 1.25*', -10)],
  ['an archive that is forbidden', stanza('*', 'release o=Other Inc', -1)],
  ['never', stanza('*', 'release o=Other Inc', 'never'), stanza('nginx', 'release o=Other Inc', 990)],
  [
    'never is stronger than a version',
    stanza('*', 'release o=Other Inc', 'never'),
    stanza('nginx', 'version 1.25*', 990),
  ],
  ['an archive only for what is named', stanza('tool', 'origin localhost', 500), stanza('*', 'origin localhost', -1)],
  ['the first specific pin counts', stanza('nginx', 'version 1.22*', 100), stanza('nginx', 'version 1.22*', 1001)],
  ['the first general pin counts', stanza('*', 'release o=Debian', 100), stanza('*', 'release a=stable', 1001)],
  ['specific before general', stanza('*', 'release a=stable', 1001), stanza('nginx', 'release a=stable', 10)],
  ['a pattern is specific too', stanza('nginx*', 'release a=stable', 10), stanza('nginx', 'release a=stable', 1001)],
  [
    'different specific pins for different versions',
    stanza('nginx', 'version 1.22*', 10),
    stanza('nginx', 'release o=Other Inc', 20),
    stanza('nginx', 'release a=experimental', 30),
  ],
  ['experimental like any other', stanza('*', 'release a=experimental', 500)],
  ['backports like any other', stanza('*', 'release a=stable-backports', 500)],
  [
    'backports above experimental, both below stable',
    stanza('*', 'release a=stable-backports', 400),
    stanza('*', 'release a=experimental', 300),
  ],
  [
    'a tie goes to the highest version',
    stanza('nginx', 'release o=Other Inc', 600),
    stanza('nginx', 'release a=stable-backports', 600),
  ],
  ['the name of an archive that only begins like it', stanza('*', 'release a=stab', 1001)],
]

/** The text of a preferences file. */
export function preferencesOf(stanzas: readonly PinStanza[]): string {
  return stanzas.map(each => `Package: ${each.package}\nPin: ${each.pin}\nPin-Priority: ${each.priority}\n`).join('\n')
}
