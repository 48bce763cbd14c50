using System.Globalization;
using System.Text;

namespace Petrel.Bench.Startup;

/// <summary>
/// The memory of a process in MiB. Pages of the runtime and of the program are shared by all processes of a cluster: they count fully as
/// resident, by their share as proportional, and not as private.
/// </summary>
internal sealed record ProcessMemory(double Resident, double Proportional, double Private)
{
    public static ProcessMemory Of(int pid)
    {
        var lines = File.ReadAllLines($"/proc/{pid}/smaps_rollup");
        double Field(string name) =>
            lines
                .Where(l => l.StartsWith(name + ":", StringComparison.Ordinal))
                .Sum(l => double.Parse(l.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture)) / 1024;
        return new(Field("Rss"), Field("Pss"), Field("Private_Clean") + Field("Private_Dirty"));
    }

    /// <summary>The mean of the cluster's agents.</summary>
    public static ProcessMemory OfAgents(string data)
    {
        var agents = Directory
            .EnumerateDirectories("/proc")
            .Select(d => int.TryParse(Path.GetFileName(d), out var pid) && IsAgent(pid, data) ? pid : 0)
            .Where(pid => pid > 0)
            .Select(Of)
            .ToList();
        return new(agents.Average(a => a.Resident), agents.Average(a => a.Proportional), agents.Average(a => a.Private));
    }

    private static bool IsAgent(int pid, string data)
    {
        try
        {
            var command = Encoding.UTF8.GetString(File.ReadAllBytes($"/proc/{pid}/cmdline")).Split('\0');
            return command.Length > 1 && command[1] == "agent" && command.Contains(data);
        }
        catch (IOException)
        {
            // It has ended meanwhile.
            return false;
        }
    }
}
