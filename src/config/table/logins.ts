/** The hosts where people log in, and the cookies they get. */
import { setting } from '../setting.ts'
import { choice, duration, flag, headerName, hostName, hostNames, optional, text } from '../value-types.ts'

export const logins = {
  subdomain: setting({
    key: 'otoroshi.privateapps.subdomain',
    env: ['APP_PRIVATEAPPS_SUBDOMAIN', 'OTOROSHI_PRIVATEAPPS_SUBDOMAIN'],
    type: hostName,
    default: 'privateapps',
    about: 'subdomain of the login pages of routes',
  }),
  domains: setting({
    key: 'otoroshi.privateapps.domains',
    aliases: ['otoroshi.privateapps.domainsStr'],
    env: ['APP_PRIVATEAPPS_DOMAINS', 'OTOROSHI_PRIVATEAPPS_DOMAINS'],
    type: hostNames,
    default: [],
    about: 'more hosts of the login pages of routes',
  }),
  cookieSecret: setting({
    key: 'play.http.secret.key',
    env: ['PLAY_CRYPTO_SECRET', 'OTOROSHI_CRYPTO_SECRET'],
    type: optional(text),
    default: null,
    defaultText: 'that of `otoroshi.secret`',
    about: 'secret that signs session cookies and links to logins',
    secret: true,
  }),
  cookieDomain: setting({
    key: 'play.http.session.domain',
    env: ['SESSION_DOMAIN', 'OTOROSHI_SESSION_DOMAIN'],
    type: optional(text),
    default: null,
    defaultText: '`.` and `otoroshi.domain`',
    about: 'domain whose hosts share the session cookies of routes',
  }),
  hideCookies: setting({
    key: 'otoroshi.privateapps.session.hideFromBackends',
    env: ['OTOROSHI_PRIVATEAPPS_SESSION_HIDE_FROM_BACKENDS'],
    type: flag,
    default: false,
    about:
      'keep session cookies from backends: one that reads them can show them on other routes that the same login opens',
  }),
  allowRedirectParameter: setting({
    key: 'otoroshi.options.allowRedirectQueryParamOnLogin',
    env: ['OTOROSHI_OPTIONS_ALLOW_REDIRECT_QUERY_PARAM_ON_LOGIN'],
    type: flag,
    default: false,
    about:
      'let the query parameter redirect of a request say where its login leads, on hosts of the route or, as urn:ietf:wg:oauth:2.0:oob, to a page that shows a token',
  }),
}

export const console = {
  exposed: setting({
    key: 'otoroshi.backoffice.exposed',
    env: ['APP_BACKOFFICE_EXPOSED', 'OTOROSHI_BACKOFFICE_EXPOSED'],
    type: flag,
    default: true,
    about: 'serve the host where administrators log in',
  }),
  subdomain: setting({
    key: 'otoroshi.backoffice.subdomain',
    env: ['APP_BACKOFFICE_SUBDOMAIN', 'OTOROSHI_BACKOFFICE_SUBDOMAIN'],
    type: hostName,
    default: 'otoroshi',
    about: 'subdomain where administrators log in',
  }),
  domains: setting({
    key: 'otoroshi.backoffice.domains',
    aliases: ['otoroshi.backoffice.domainsStr'],
    env: ['APP_BACKOFFICE_DOMAINS', 'OTOROSHI_BACKOFFICE_DOMAINS'],
    type: hostNames,
    default: [],
    about: 'more hosts where administrators log in',
  }),
  sessionLife: setting({
    key: 'otoroshi.backoffice.session.exp',
    env: ['APP_BACKOFFICE_SESSION_EXP', 'OTOROSHI_BACKOFFICE_SESSION_EXP'],
    type: duration({ min: 1000 }),
    default: 86_400_000,
    unit: 'ms',
    about: 'life of the session of an administrator',
  }),
  cookieName: setting({
    key: 'play.http.session.cookieName',
    env: ['SESSION_NAME', 'OTOROSHI_SESSION_NAME'],
    type: headerName,
    default: 'otoroshi-session',
    about: 'name of the cookie of administrators',
  }),
  cookieSecure: setting({
    key: 'play.http.session.secure',
    env: ['SESSION_SECURE_ONLY', 'OTOROSHI_SESSION_SECURE_ONLY'],
    type: flag,
    default: false,
    about: 'send it over TLS only, even when it was set without; one set over TLS always is',
  }),
  cookieSameSite: setting({
    key: 'play.http.session.sameSite',
    env: ['SESSION_SAMESITE', 'OTOROSHI_SESSION_SAMESITE'],
    type: choice(['lax', 'strict']),
    default: 'lax',
    about: 'whether links of other sites send it: lax, or strict for never',
  }),
}
