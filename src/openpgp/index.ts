export { clockToleranceSeconds } from './clock-tolerance.ts'
export type { Keyring } from './keyring.ts'
export { readKeyring, readSigningKey, verifyClearSigned, verifyDetached } from './on-demand.ts'
export {
  readRememberedRelease,
  rememberedReleaseKey,
  type VerificationInput,
  writeRememberedRelease,
} from './remembered-release.ts'
export type { SigningKeySource } from './signing-key.ts'
export type { JudgingPeriod, Signer, UncountedSignature, VerifiedRelease } from './verified-release.ts'
export type { VerificationPlace } from './verify.ts'
