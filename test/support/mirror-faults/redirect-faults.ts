import { head } from '../raw-mirror.ts'
import {
  chunked,
  codes,
  length,
  type MirrorFault,
  recovers,
  redirect,
  refused,
  repeated,
  sendAll,
  signature,
  unreachable,
  wrongBytes,
} from './model.ts'

/** Redirects. */
export const redirectFaults: readonly MirrorFault[] = [
  {
    name: 'redirects to a captive portal',
    answer: redirect(({ mirror }) => `${mirror.url}/portal`),
    once: { InRelease: signature, index: 'recovers', deb: 'recovers' },
    always: wrongBytes,
  },
  {
    name: 'redirects to itself',
    answer: redirect(({ mirror, path }) => `${mirror.url}/${path}`, '301 Moved Permanently'),
    once: recovers,
    always: refused,
  },
  {
    name: 'redirects in a circle',
    answer: redirect(({ mirror, path }) => `${mirror.url}/${path}?again`),
    once: recovers,
    always: refused,
  },
  {
    name: 'redirects without saying where to',
    answer: sendAll('302 Found', [length(0)], () => new Uint8Array()),
    once: { ...refused, index: 'recovers' },
    always: refused,
  },
  {
    name: 'redirects to nonsense',
    answer: redirect(() => 'http://[::/'),
    once: { ...refused, index: 'recovers' },
    always: refused,
  },
  {
    name: 'redirects to ftp',
    answer: redirect(() => 'ftp://127.0.0.1/file'),
    once: { ...refused, index: 'recovers' },
    always: refused,
  },
  {
    name: 'redirects to a file of this host',
    answer: redirect(() => 'file:///etc/hostname'),
    once: { ...refused, index: 'recovers' },
    always: refused,
  },
  {
    name: 'redirects to another host that has the file',
    answer: redirect(({ mirror, path }) => `${mirror.url.replace('127.0.0.1', 'localhost')}/elsewhere/${path}`),
    once: recovers,
    always: recovers,
  },
  {
    name: 'redirects and drips the page that says so',
    answer: each => {
      const location = `Location: ${each.mirror.url}/elsewhere/${each.path}`
      repeated(head('302 Found', [location, chunked]), '1\r\nx\r\n', 100)(each)
    },
    once: recovers,
    always: recovers,
  },
  {
    name: 'redirects to a port where nobody listens',
    answer: redirect(() => 'http://127.0.0.1:1/file'),
    once: recovers,
    always: unreachable,
  },
  {
    name: 'redirects to https where only http is spoken',
    answer: redirect(({ mirror, path }) => `${mirror.url.replace('http:', 'https:')}/${path}`),
    once: recovers,
    always: codes('NETWORK_TIMEOUT', 'NETWORK_UNREACHABLE'),
  },
  {
    name: 'redirects with a password',
    answer: redirect(({ mirror, path }) => `${mirror.url.replace('//', '//user:secret@')}/elsewhere/${path}`),
    once: recovers,
    always: recovers,
  },
]
