export { clockToleranceSeconds } from './judge.ts'
export { type Keyring, readKeyring } from './keyring.ts'
export type { Signer, UncountedSignature, VerifiedRelease } from './verified-release.ts'
export { type VerificationPlace, verifyClearSigned, verifyDetached } from './verify.ts'
