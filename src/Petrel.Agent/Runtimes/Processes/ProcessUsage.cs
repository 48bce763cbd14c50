using System.Globalization;

namespace Petrel.Agent.Runtimes.Processes;

/// <summary>Resource usage of process trees on this machine, read from <c>/proc</c> (proc(5)).</summary>
internal sealed class ProcessUsage
{
    // Indices of the fields in /proc/PID/stat that follow the command name.
    private const int ParentField = 1;
    private const int UserTimeField = 11;
    private const int EndedChildrenTimeField = 14;
    private const int ResidentField = 21;

    // The kernel's USER_HZ, which is 100 on every architecture that .NET runs on.
    private const int TicksPerSecond = 100;

    private readonly ILookup<int, (int Pid, long Ticks, long Pages)> _children;
    private readonly Dictionary<int, (int Pid, long Ticks, long Pages)> _all;

    private ProcessUsage(Dictionary<int, (int Pid, long Ticks, long Pages)> all, ILookup<int, (int Pid, long Ticks, long Pages)> children)
    {
        _all = all;
        _children = children;
    }

    public static ProcessUsage ReadAll()
    {
        var processes = new List<(int Parent, (int Pid, long Ticks, long Pages) Use)>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), out var pid) && Read(pid) is { } process)
            {
                processes.Add(process);
            }
        }
        return new(processes.ToDictionary(p => p.Use.Pid, p => p.Use), processes.ToLookup(p => p.Parent, p => p.Use));
    }

    /// <summary>
    /// The usage of a process and all of its descendants. The CPU time of an exited process counts for the parent that reaped it.
    /// </summary>
    public ContainerUsage OfTree(string containerId, int root)
    {
        long ticks = 0,
            pages = 0;
        var waiting = new Stack<int>([root]);
        while (waiting.TryPop(out var pid))
        {
            if (_all.TryGetValue(pid, out var use))
            {
                ticks += use.Ticks;
                pages += use.Pages;
            }
            foreach (var child in _children[pid])
            {
                waiting.Push(child.Pid);
            }
        }
        return new(containerId, TimeSpan.FromSeconds((double)ticks / TicksPerSecond), pages * Environment.SystemPageSize);
    }

    private static (int Parent, (int Pid, long Ticks, long Pages) Use)? Read(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            // The command name may contain spaces and parentheses. The other fields start after the last closing parenthesis.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (
                int.Parse(fields[ParentField], CultureInfo.InvariantCulture),
                (pid, fields[UserTimeField..(EndedChildrenTimeField + 1)].Sum(Number), Number(fields[ResidentField]))
            );
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
