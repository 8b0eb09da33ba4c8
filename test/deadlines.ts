/** A machine that is busy with other tests keeps a part waiting for longer than production would. */
export const patientDeadlines = 'gate=30s,hash=60s,cache=10s,database=60s'
