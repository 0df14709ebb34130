export type { IgnoredVulnerability } from './audit-file.ts'
export {
  type AptSourcesPolicy,
  type CreatedGroup,
  type CreatedUser,
  type Customisation,
  type FixedId,
  noCustomisation,
  type UnitChanges,
} from './customisation.ts'
export { addArchive, addPackages, parseWantedItem, removePackages } from './edit-manifest.ts'
export { type ArchiveText, createManifest, type NewManifest } from './format-manifest.ts'
export type {
  AccountReference,
  ArchiveDefinition,
  BaseSet,
  ImageSection,
  Manifest,
  OverlayFiles,
  OwnDebs,
  PhasedUpdatesPolicy,
  Pin,
  RecommendsPolicy,
  ReleaseFact,
  RootArchitecture,
  SameVersionPolicy,
  SignedBy,
  SourcePosition,
  WantedItem,
  WantedSelection,
} from './model.ts'
export {
  defaultOptions,
  type Ext4Options,
  type OciOptions,
  type OstreeOptions,
  type OutputDefinition,
  type OutputFormat,
  type OutputOptions,
  outputFormats,
  type SquashfsOptions,
} from './output.ts'
export { type PackageCommand, type PackageDescription, readPackageDescription } from './package-description.ts'
export { type PinSubject, pinSubjects } from './pin-subject.ts'
export {
  type ChangeKind,
  changeKinds,
  defaultPolicy,
  type PolicyGroup,
  type PolicyRule,
  type UpdatePolicy,
  type VersionBound,
} from './policy.ts'
export type { DistributionPreset, KeyringName, PresetArchive } from './preset.ts'
export { archivesOfPreset, distributionPresets, presetOf } from './presets/index.ts'
export { keyringArmorOf, keyringNames } from './presets/keyring-armor.ts'
export { namesVendor, type VendorPreset, vendorPresetOf } from './presets/vendors.ts'
export type { BuiltInVariable } from './read-image.ts'
export { readManifest } from './read-manifest.ts'
export { neverPriority } from './read-pins.ts'
export { formatWanted } from './read-wanted.ts'
