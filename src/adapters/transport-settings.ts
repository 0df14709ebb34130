import type { Routes } from '../kernel/index.ts'

export interface TransportSettings extends Routes {
  /** Connections kept open to one host. */
  readonly connectionsPerHost: number
  readonly connectTimeoutMilliseconds: number
  /** How long a server may be silent: before its headers, and between two pieces of a body. */
  readonly stallTimeoutMilliseconds: number
}

export const defaultTransportSettings: TransportSettings = {
  connectionsPerHost: 8,
  connectTimeoutMilliseconds: 20_000,
  stallTimeoutMilliseconds: 30_000,
}
