/** A browser as far as logins need one: cookies by host (RFC 6265), redirections, forms. All hosts are one gateway, or several. */
import { call, type Got } from './http.ts'

interface Kept {
  readonly name: string
  readonly value: string
  /** With a dot in front: the hosts below it, too. */
  readonly domain: string
  readonly path: string
  readonly attributes: string
}

export interface Visited extends Got {
  readonly url: string
}

export class Browser {
  readonly #port: (url: URL) => number
  #cookies: Kept[] = []

  /** `port`: of the gateway that answers a URL. */
  constructor(port: number | ((url: URL) => number)) {
    this.#port = typeof port === 'number' ? () => port : port
  }

  /** One request; redirections are answers. */
  async request(
    url: string,
    options: { method?: string; body?: string; headers?: Record<string, string> } = {},
  ) {
    const at = new URL(url)
    const cookies = this.#sentTo(at)
    const got = await call(this.#port(at), url, {
      ...options,
      headers: {
        Accept: 'text/html',
        ...(cookies !== '' && { Cookie: cookies }),
        ...(options.body !== undefined && {
          'Content-Type': 'application/x-www-form-urlencoded',
          'Content-Length': String(Buffer.byteLength(options.body)),
        }),
        ...options.headers,
      },
    })
    for (const field of got.headers['set-cookie'] ?? []) this.#keep(field, at)
    return { ...got, url }
  }

  /** Opens an address and follows redirections. */
  async open(url: string): Promise<Visited> {
    return this.#follow(await this.request(url))
  }

  /** Sends the form of a page, with these fields besides the hidden ones. */
  async submit(page: Visited, fields: Readonly<Record<string, string>>): Promise<Visited> {
    return this.#follow(await this.submitOnly(page, fields))
  }

  /** The same; redirections are answers. */
  async submitOnly(page: Visited, fields: Readonly<Record<string, string>>): Promise<Visited> {
    const { action, method, hidden } = formOf(page)
    const query = new URLSearchParams({ ...hidden, ...fields })
    if (method === 'get') return this.request(`${action}?${query}`)
    return this.request(action, {
      method: 'POST',
      body: query.toString(),
      headers: { Origin: new URL(page.url).origin },
    })
  }

  async #follow(first: Visited): Promise<Visited> {
    let got = first
    for (let hops = 0; got.status === 303 || got.status === 302; hops++) {
      if (hops > 10) throw new Error(`redirected without end: ${got.url}`)
      got = await this.request(new URL(got.headers.location!, got.url).href)
    }
    return got
  }

  /** Value of a cookie that would be sent to this address. */
  cookie(name: string, url: string): string | undefined {
    return this.#of(new URL(url)).find(kept => kept.name === name)?.value
  }

  /** `Set-Cookie` fields as they came, by name. */
  attributes(name: string): string[] {
    return this.#cookies.filter(kept => kept.name === name).map(kept => kept.attributes)
  }

  /** Puts a cookie there as somebody who can write cookies would. */
  plant(name: string, value: string, domain: string): void {
    this.#cookies = this.#cookies.filter(kept => kept.name !== name || kept.domain !== domain)
    this.#cookies.push({ name, value, domain, path: '/', attributes: '' })
  }

  #of(url: URL): Kept[] {
    return this.#cookies.filter(({ domain, path }) => {
      const host = url.hostname
      const near = domain.startsWith('.') ? `.${host}`.endsWith(domain) : host === domain
      return near && url.pathname.startsWith(path)
    })
  }

  #sentTo(url: URL): string {
    return this.#of(url)
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ')
  }

  #keep(field: string, url: URL): void {
    const [pair = '', ...rest] = field.split(';').map(part => part.trim())
    const at = pair.indexOf('=')
    const attribute = (name: string): string | undefined =>
      rest.find(part => part.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1)
    const named = attribute('domain')?.replace(/^\./, '').toLowerCase()
    // A host can set cookies for itself and what is above it, not for others.
    if (named !== undefined && !`.${url.hostname}`.endsWith(`.${named}`)) return
    // Browsers keep no secure cookie that came over plain HTTP.
    if (url.protocol === 'http:' && rest.some(part => part.toLowerCase() === 'secure')) return
    const domain = named === undefined ? url.hostname : `.${named}`
    const path = attribute('path') ?? '/'
    const name = pair.slice(0, at)
    this.#cookies = this.#cookies.filter(k => k.name !== name || k.domain !== domain || k.path !== path)
    if (attribute('max-age') === '0') return
    this.#cookies.push({ name, value: pair.slice(at + 1), domain, path, attributes: field })
  }
}

/** The first form of a page. */
export function formOf({ body, url }: Visited) {
  const form = /<form method="(\w+)" action="([^"]*)">([\s\S]*?)<\/form>/.exec(body)
  if (form === null) throw new Error(`there is no form at ${url}: ${body.slice(0, 400)}`)
  const hidden: Record<string, string> = {}
  for (const [, name, value] of form[3]!.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g))
    hidden[plain(name!)] = plain(value!)
  return { method: form[1]!, action: new URL(plain(form[2]!), url).href, hidden }
}

/** Text of HTML that the pages escaped. */
export function plain(text: string): string {
  return text.replace(/&#(\d+);/g, (_all, code: string) => String.fromCharCode(Number(code)))
}
