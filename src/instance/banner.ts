/** What the process prints once it is ready. */
export interface BannerFacts {
  readonly version: string
  /** Milliseconds from the start of the process to readiness. */
  readonly readyIn: number
  readonly threads: number
  readonly storage: string
  readonly http: string
  readonly https: string | null
  readonly adminApi: string | null
  /** On a first start: the login, and the password or null when it is not to be shown. */
  readonly login: { readonly name: string; readonly password: string | null } | null
}

/** The lines, with a line end behind the last. */
export function banner(facts: BannerFacts): string {
  const lines = [
    `Otoroshi ${facts.version}, ready in ${Math.round(facts.readyIn)} ms`,
    `  ${facts.threads} data-plane thread${facts.threads === 1 ? '' : 's'}, storage ${facts.storage}`,
    `  http       ${facts.http}`,
  ]
  if (facts.https !== null) lines.push(`  https      ${facts.https}`)
  if (facts.adminApi !== null) lines.push(`  admin API  ${facts.adminApi}`)
  if (facts.login !== null) {
    const { name, password } = facts.login
    lines.push(
      '',
      password === null
        ? `First start: the administrator is ${name}.`
        : `First start: log in as ${name} with the password ${password}`,
    )
  }
  return `${lines.join('\n')}\n`
}
