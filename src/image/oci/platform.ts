/** Architecture and variant as GOARCH and GOARM name them. */
export interface OciPlatform {
  readonly architecture: string
  readonly os: 'linux'
  readonly variant?: string
}

/** Debian's ports whose name is not Go's; the baselines are those of Debian's port pages (armel: ARMv5TE, armhf: ARMv7-A). */
const platforms: Readonly<Record<string, { readonly architecture: string; readonly variant?: string }>> = {
  armel: { architecture: 'arm', variant: 'v5' },
  armhf: { architecture: 'arm', variant: 'v7' },
  arm64: { architecture: 'arm64', variant: 'v8' },
  i386: { architecture: '386' },
  mips64el: { architecture: 'mips64le' },
  mipsel: { architecture: 'mipsle' },
  powerpc: { architecture: 'ppc' },
  ppc64el: { architecture: 'ppc64le' },
}

/** @see OCI image specification, image index: platform */
export function platformOf(debianArchitecture: string): OciPlatform {
  return { ...(platforms[debianArchitecture] ?? { architecture: debianArchitecture }), os: 'linux' }
}
