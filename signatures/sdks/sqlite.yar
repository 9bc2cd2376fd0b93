// The header of a database file and the names of the tables that the engine itself keeps.
rule sqlite_engine
{
    meta:
        target = "elf"
    strings:
        $header = "SQLite format 3\x00"
        $master = "sqlite_master"
        $sequence = "sqlite_sequence"
    condition:
        all of them
}
