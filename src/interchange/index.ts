export { type AptProxies, type AptProxy, noAptProxies } from './apt-conf.ts'
export type { AptNote, AptPlace, AptSignedBy, AptSource, AptSources } from './apt-source.ts'
export { formatAptPins } from './export/apt-pins.ts'
export { type BuiltImage, billOfImage } from './export/bill-of-image.ts'
export {
  type BilledDeb,
  type BilledFile,
  type BillOfMaterials,
  billedDebs,
  billOfLock,
  type FileMaker,
  lockedDebs,
  type MadeFiles,
  newestTime,
  pathText,
} from './export/bill-of-materials.ts'
export { formatCycloneDx } from './export/cyclonedx.ts'
export { formatPackageUrls, formatSha256Sums } from './export/lists.ts'
export { type DebVendor, packageUrlOf, vendorOf } from './export/package-url.ts'
export { type DescribedDeb, formatPackagesFile } from './export/packages-file.ts'
export { type BuildFacts, type BuiltRoot, formatProvenance, type NamedDigest } from './export/provenance.ts'
export { formatSpdx } from './export/spdx.ts'
export {
  type HostAptConfiguration,
  type HostAptSources,
  type HostKeyRing,
  mergeSources,
  readHostAptConfiguration,
} from './host-configuration.ts'
export { distributionKeyringOf, hostKeysOf } from './host-keys.ts'
export type { ForeignArchive, ForeignProject } from './import/foreign-project.ts'
export { readForeignProject } from './import/read-foreign.ts'
export { parseSourceLine, parseSourcesList } from './sources-list.ts'
export { parseSourcesStanzas } from './sources-stanzas.ts'
