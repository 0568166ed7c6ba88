/** Cookies of one host. */

/**
 * The name of a cookie that belongs to the host alone. Over TLS it has the prefix by which browsers take it from nobody else
 * (RFC 6265bis, 4.1.3.2): without it a host beside could plant one of its own for the whole domain.
 */
export function hostCookie(name: string, secure: boolean): string {
  return secure ? `__Host-${name}` : name
}
