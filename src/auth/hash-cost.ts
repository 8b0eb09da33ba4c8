/** Parameters of scrypt (RFC 7914): N = 2^ln. */
export interface HashCost {
  readonly ln: number
  readonly r: number
  readonly p: number
}

/**
 * Cost of a new password hash: 16 MiB and about 150 ms of CPU (docs/decisions/004). Nothing at run time can lower it.
 */
export const hashCost: HashCost = Object.freeze({ ln: 14, r: 8, p: 5 })
