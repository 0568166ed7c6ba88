export interface Asked {
  readonly asked: number
  readonly calls: number
}
export function trace(
  port: number,
  appPort: number,
): Promise<{ readonly uncached: Asked; readonly cached: Asked }>
