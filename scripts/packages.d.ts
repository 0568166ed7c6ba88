/** See packages.js. */
export const testPrograms: Readonly<Record<string, string>>
export const benchPrograms: Readonly<Record<string, string>>
export function findProgram(name: string): string | null
export function ensurePrograms(wanted: Readonly<Record<string, string>>): string[]
