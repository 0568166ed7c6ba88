/** Hashes of passwords as upstream stores them: bcrypt. */

/** Cost of a hash: two to this power rounds. */
const ROUNDS = 10

/** The bcrypt hash of a password. The library is loaded on first use: few starts need it. */
export async function hashPassword(password: string): Promise<string> {
  const { hash } = await import('bcryptjs')
  return hash(password, ROUNDS)
}

/** True when the bcrypt hash is that of the password. */
export async function passwordMatches(password: string, stored: string): Promise<boolean> {
  const { compare } = await import('bcryptjs')
  return compare(password, stored)
}
