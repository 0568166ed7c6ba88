/** Why a process does not start. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
  /** One sentence each. */
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
    this.faults = faults
  }
}
