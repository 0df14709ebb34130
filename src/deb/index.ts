export type { ControlMember } from './control-archive.ts'
export { type DebLimits, defaultDebLimits } from './deb-limits.ts'
export { type DebControl, type DebOptions, type OpenDeb, openDeb, readDebControl } from './open-deb.ts'
export { type DebPlace, packagesStanza } from './packages-stanza.ts'
