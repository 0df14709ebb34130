/** Packages of bookworm that really cannot be installed: their dependencies left the release. */
export const knownUninstallable = [
  ...['console-setup-freebsd', 'design-desktop', 'design-desktop-animation', 'design-desktop-graphics'],
  ...['design-desktop-strict', 'design-desktop-web', 'parl-desktop', 'parl-desktop-eu', 'parl-desktop-strict'],
  ...['parl-desktop-world', 'webext-dav4tbsync', 'webext-eas4tbsync', 'webext-mailmindr', 'webext-quicktext'],
  ...['webext-tbsync', 'webext-xnotepp'],
]
