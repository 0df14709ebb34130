export { type AssembledRoot, type AssembleRequest, assembleRoot } from './assemble-root.ts'
export type { ConfigureHost } from './configure-root.ts'
export { type OverlaidTree, type OverlayRequest, type OverlaySource, overlayFiles } from './overlay.ts'
export { type DebIdentity, type Pack, unpackDeb } from './unpack-deb.ts'
