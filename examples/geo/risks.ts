/** What nature may do at a place, as far as the shape of the island tells. */
import { heightAt, type Point, slopeAt } from './island.ts'

const LEVELS = ['none', 'low', 'moderate', 'high'] as const

interface Risk {
  readonly risk: 'flood' | 'landslide' | 'storm' | 'snow'
  readonly level: (typeof LEVELS)[number]
}

/** The risks of a place on land, or null in the sea. */
export function risksAt({ lon, lat }: Point): { height: number; risks: readonly Risk[] } | null {
  const height = heightAt(lon, lat)
  if (height < 0) return null
  const slope = slopeAt(lon, lat)
  return {
    height: Math.round(height),
    risks: [
      { risk: 'flood', level: level(height < 120, height < 40, height < 12) },
      { risk: 'landslide', level: level(slope > 0.08, slope > 0.16, slope > 0.3) },
      { risk: 'storm', level: level(true, lon < -20.5 || height > 700, lon < -20.9 || height > 1_000) },
      { risk: 'snow', level: level(height > 350, height > 600, height > 900) },
    ],
  }
}

function level(...steps: readonly boolean[]): Risk['level'] {
  return LEVELS[steps.lastIndexOf(true) + 1] ?? 'none'
}
