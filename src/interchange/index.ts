export { type AptProxies, type AptProxy, noAptProxies } from './apt-conf.ts'
export type { AptNote, AptPlace, AptSignedBy, AptSource, AptSources } from './apt-source.ts'
export {
  type HostAptConfiguration,
  type HostKeyRing,
  mergeSources,
  readHostAptConfiguration,
} from './host-configuration.ts'
export { distributionKeyringOf, hostKeysOf } from './host-keys.ts'
export { parseSourceLine, parseSourcesList } from './sources-list.ts'
export { parseSourcesStanzas } from './sources-stanzas.ts'
