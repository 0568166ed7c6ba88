/** Names and values of cookies from settings and expressions: whatever a client put into one, a single cookie comes out. */
import { isConstant } from '../../expression/index.ts'
import type { PluginServices, Template } from '../../plugin/index.ts'

/** RFC 6265, 4.1.1: `cookie-name` is a token. */
const NAME = /^[\w!#$%&'*+.^`|~-]+$/
/** Controls would end the field, `;` the cookie. */
const ENDING = /[\x00-\x1f\x7f;]/
/** RFC 6265, 4.1.1: what is no `cookie-octet`. */
const NO_OCTET = /[^\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]/gu

export function isCookieName(text: string): boolean {
  return NAME.test(text)
}

/** A name; empty when the request makes none of it. Throws when a constant name is no token. */
export function nameTemplate(given: string, services: PluginServices): Template {
  const text = given.trim()
  if (isConstant(text)) {
    if (!isCookieName(text)) throw new Error(`name: ${JSON.stringify(text)} is no name of a cookie`)
    return () => text
  }
  const template = services.template(text)
  return exchange => {
    const name = template(exchange).trim()
    return isCookieName(name) ? name : ''
  }
}

/**
 * A value. In one that holds expressions everything that could end the cookie, or open a quoted text, is percent-encoded.
 * Throws when a constant value would end the cookie.
 */
export function valueTemplate(text: string, services: PluginServices): Template {
  if (isConstant(text)) {
    if (ENDING.test(text)) throw new Error('value: a cookie holds no `;` and no control characters')
    const value = /[^\x20-\x7e]/.test(text) ? encoded(text) : text
    return () => value
  }
  const template = services.template(text)
  return exchange => encoded(template(exchange))
}

function encoded(text: string): string {
  return text.replace(NO_OCTET, character => {
    let out = ''
    for (const byte of Buffer.from(character, 'utf8'))
      out += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    return out
  })
}
