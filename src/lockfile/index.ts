export type { LockedDeb, Lockfile, LockRequest } from './model.ts'
