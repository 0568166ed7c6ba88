/** Types of the settings that list servers one by one, as upstream's older Redis drivers have them. */
import { isObject, type Raw } from '../raw.ts'
import type { ValueType } from '../value-types.ts'
import { addressesIn, type RedisAddress } from './uri.ts'

export interface RedisMember extends RedisAddress {
  readonly password: string | null
}

/** `[password@]host:port` with commas between, or a list of those or of `{host, port, password}`. */
export const redisMembers: ValueType<readonly RedisMember[]> = {
  name: 'list of Redis servers',
  expected: 'servers written [password@]host:port with commas between, or a list of {host, port, password}',
  fromFile: true,
  read: raw => {
    if (raw === '') return []
    const items = typeof raw === 'string' ? raw.split(',') : raw
    if (!Array.isArray(items)) return undefined
    const members = (items as readonly Raw[]).map(memberOf)
    return members.every(member => member !== undefined) ? members : undefined
  },
}

function memberOf(raw: Raw): RedisMember | undefined {
  if (typeof raw === 'string') {
    const text = raw.trim()
    const at = text.lastIndexOf('@')
    const address = addressesIn(text.slice(at + 1), null)?.[0]
    return address && { ...address, password: at > 0 ? text.slice(0, at) : null }
  }
  if (!isObject(raw)) return undefined
  const { host = 'localhost', port = 6379, password = null } = raw
  if (typeof host !== 'string' || (password !== null && typeof password !== 'string')) return undefined
  const address = addressesIn(`${host.includes(':') ? `[${host}]` : host}:${port}`, null)?.[0]
  return address && { ...address, password: password || null }
}

/** PEM, or the same in base64. */
export const pem: ValueType<string> = {
  name: 'PEM text',
  expected: 'PEM text (-----BEGIN …), the same in base64, or file:///path of it',
  fromFile: true,
  read: raw => {
    if (typeof raw !== 'string') return undefined
    const text = raw.includes('-----BEGIN ') ? raw : Buffer.from(raw, 'base64').toString('latin1')
    return text.includes('-----BEGIN ') ? text : undefined
  },
}
