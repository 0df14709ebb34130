/**
 * Every fault code and the exit code it ends with.
 *
 * Codes are never renamed: scripts match on them. Each has a section in `docs/fault-codes.md` and a test that
 * provokes it. The exit codes: 1 the answer is no, 2 usage, manifest or lockfile, 3 no solution, 4 network (a retry
 * may help), 5 gone from every provider, 6 integrity, 7 store or disk, 8 assembly, sandbox or maintainer script,
 * 9 policy gate, 70 a bug in aptroot, 130 interrupted.
 */
export const exitCodeByFaultCode = {
  LOCK_STALE: 1,
  LOCK_INCONSISTENT: 1,
  LOCK_DIFFERS: 1,
  LOCK_PACKAGE_ABSENT: 1,

  USAGE_INVALID: 2,
  SETTINGS_INVALID: 2,
  FAULT_CODE_UNKNOWN: 2,
  MANIFEST_MISSING: 2,
  MANIFEST_EXISTS: 2,
  MANIFEST_MALFORMED: 2,
  MANIFEST_INVALID: 2,
  MANIFEST_PATH_OUTSIDE: 2,
  MANIFEST_FILE_MISSING: 2,
  DISTRIBUTION_UNKNOWN: 2,
  APT_SOURCES_MALFORMED: 2,
  KEYRING_MALFORMED: 2,
  LOCK_MISSING: 2,
  LOCK_MALFORMED: 2,
  LOCK_CONFLICTED: 2,
  LOCK_TOO_NEW: 2,
  VERSION_MALFORMED: 2,
  RELATION_MALFORMED: 2,
  ARCHITECTURE_UNKNOWN: 2,
  INDEX_NOT_LISTED: 2,
  PROBLEM_MALFORMED: 2,

  RESOLVE_NO_SOLUTION: 3,
  RESOLVE_TOO_HARD: 3,

  NETWORK_UNREACHABLE: 4,
  NETWORK_TIMEOUT: 4,
  NETWORK_STATUS: 4,
  NETWORK_TRUNCATED: 4,
  NETWORK_REDIRECT_REFUSED: 4,
  FETCH_OFFLINE: 4,

  FETCH_GONE: 5,

  RELEASE_UNSIGNED: 6,
  RELEASE_SIGNATURE_BAD: 6,
  RELEASE_KEY_UNKNOWN: 6,
  RELEASE_KEY_WEAK: 6,
  RELEASE_KEY_UNUSABLE: 6,
  RELEASE_MALFORMED: 6,
  RELEASE_EXPIRED: 6,
  RELEASE_FUTURE: 6,
  RELEASE_MISMATCH: 6,
  RELEASE_WEAK_HASH: 6,
  INDEX_INTEGRITY: 6,
  INDEX_MALFORMED: 6,
  FETCH_INTEGRITY: 6,
  AR_MALFORMED: 6,
  TAR_MALFORMED: 6,
  COMPRESSION_CORRUPT: 6,
  COMPRESSION_UNSUPPORTED: 6,
  COMPRESSION_LIMIT: 6,
  DEB_MALFORMED: 6,
  DEB_MISMATCH: 6,
  TREE_PATH_UNSAFE: 6,

  STORE_CORRUPT: 7,
  STORE_UNUSABLE: 7,
  DISK_FULL: 7,
  OUTPUT_UNWRITABLE: 7,

  ROOTFS_CLASH: 8,
  CONFIGURE_UNAVAILABLE: 8,
  PROGRAM_FAILED: 8,

  INTERNAL: 70,
  INTERRUPTED: 130,
} as const

export type FaultCode = keyof typeof exitCodeByFaultCode
export type ExitCode = (typeof exitCodeByFaultCode)[FaultCode]
