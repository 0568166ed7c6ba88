/** The private listener of the control plane as the end of the way of logins. */
import type { LoginWay } from '../gateway/login-way.ts'
import type { LoginSettings } from './thread-settings.ts'

export function loginWay({ hosts, consoleHosts, listener }: LoginSettings): LoginWay {
  const { port, header, token, clientHeader, urlHeader, modulesHeader } = listener
  return {
    hosts: new Set([...hosts, ...consoleHosts].map(host => host.toLowerCase())),
    listener: {
      origin: { host: '127.0.0.1', port, tls: null, address: null, proxy: null, protocol: 11 },
      header,
      token,
      clientHeader,
    },
    urlHeader,
    modulesHeader,
  }
}
