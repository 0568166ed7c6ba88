/** What threads are started with for logins. */
import type { Settings } from '../config/index.ts'
import type { LoginSettings } from '../data-plane/thread-settings.ts'
import { CLIENT_HEADER, MODULES_HEADER, TOKEN_HEADER, URL_HEADER } from './admin-listener.ts'

/** What threads are told of logins. */
export function loginSettings(
  { loginHosts, logins, console }: Settings,
  port: number,
  token: string,
): LoginSettings {
  return {
    hosts: loginHosts.users,
    consoleHosts: loginHosts.administrators,
    scheme: loginHosts.scheme,
    port: loginHosts.port,
    secret: loginHosts.secret,
    allowRedirectParameter: logins.allowRedirectParameter,
    hiddenCookies: logins.hideCookies ? [console.cookieName] : null,
    listener: {
      port,
      header: TOKEN_HEADER,
      token,
      clientHeader: CLIENT_HEADER,
      urlHeader: URL_HEADER,
      modulesHeader: MODULES_HEADER,
    },
  }
}
