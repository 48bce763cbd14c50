namespace Petrel.Agent.Runtimes.Local;

/// <summary>Distinguishes a process from a later process with the same pid.</summary>
internal static class ProcessIdentity
{
    private const int StateField = 0;
    private const int StartField = 19;

    /// <summary>The start time of the process in clock ticks since boot. Empty when the process does not exist or is a zombie.</summary>
    public static string StartOf(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            // The command name may contain spaces and parentheses. The other fields start after the last closing parenthesis.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[StateField] is "Z" or "X" ? "" : fields[StartField];
        }
        catch (IOException)
        {
            return "";
        }
    }

    public static bool IsAlive(int pid, string start) => pid > 0 && start.Length > 0 && StartOf(pid) == start;

    /// <summary>
    /// Parses a signal name (<c>SIGTERM</c>, <c>QUIT</c>, <c>RTMIN+3</c>) or number. Returns SIGTERM when it is unknown or empty.
    /// </summary>
    public static int SignalNumber(string name)
    {
        const int term = 15;
        const int realTimeFirst = 34;
        const int realTimeLast = 64;
        if (int.TryParse(name, out var number))
        {
            return number is > 0 and <= realTimeLast ? number : term;
        }
        var plain = name.ToUpperInvariant();
        plain = plain.StartsWith("SIG", StringComparison.Ordinal) ? plain[3..] : plain;
        if (plain.StartsWith("RTMIN+", StringComparison.Ordinal) && int.TryParse(plain[6..], out var up))
        {
            return realTimeFirst + up;
        }
        if (plain.StartsWith("RTMAX-", StringComparison.Ordinal) && int.TryParse(plain[6..], out var down))
        {
            return realTimeLast - down;
        }
        var index = Array.IndexOf(
            [
                "",
                "HUP",
                "INT",
                "QUIT",
                "ILL",
                "TRAP",
                "ABRT",
                "BUS",
                "FPE",
                "KILL",
                "USR1",
                "SEGV",
                "USR2",
                "PIPE",
                "ALRM",
                "TERM",
                "STKFLT",
                "CHLD",
                "CONT",
                "STOP",
                "TSTP",
                "TTIN",
                "TTOU",
                "URG",
                "XCPU",
                "XFSZ",
                "VTALRM",
                "PROF",
                "WINCH",
                "IO",
                "PWR",
                "SYS",
            ],
            plain
        );
        return index > 0 ? index : term;
    }
}
