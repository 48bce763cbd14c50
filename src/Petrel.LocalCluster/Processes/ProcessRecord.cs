using System.Globalization;
using System.Runtime.InteropServices;

namespace Petrel.LocalCluster.Processes;

/// <summary>
/// Identifies a process that the cluster started, by its ID and start time in a pid file. The start time prevents signals to another
/// process that reuses the ID.
/// </summary>
public sealed partial record ProcessRecord(int Pid, ulong StartTime)
{
    public const int SigKill = 9;
    public const int SigTerm = 15;
    public const int SigPwr = 30;

    public static ProcessRecord Of(int pid) => new(pid, StartTimeOf(pid) ?? 0);

    /// <summary>Reads a pid file. Returns null when the file does not exist or the process has ended.</summary>
    public static ProcessRecord? Find(string path)
    {
        string[] parts;
        try
        {
            parts = File.ReadAllText(path).Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
        if (
            parts.Length != 2
            || !int.TryParse(parts[0], CultureInfo.InvariantCulture, out var pid)
            || !ulong.TryParse(parts[1], CultureInfo.InvariantCulture, out var start)
        )
        {
            return null;
        }
        var record = new ProcessRecord(pid, start);
        return record.IsAlive ? record : null;
    }

    public bool IsAlive => StartTimeOf(Pid) == StartTime;

    /// <summary>The first child of a process that only waits for one child; null when it has none.</summary>
    public ProcessRecord? OnlyChild()
    {
        try
        {
            var children = File.ReadAllText($"/proc/{Pid}/task/{Pid}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return children.Length == 0 ? null : Of(int.Parse(children[0], CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            return null;
        }
    }

    public void Save(string path)
    {
        var temporary = $"{path}.{Environment.ProcessId}";
        try
        {
            File.WriteAllText(temporary, string.Create(CultureInfo.InvariantCulture, $"{Pid} {StartTime}"));
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    public void Signal(int signal)
    {
        if (IsAlive)
        {
            _ = Kill(Pid, signal);
        }
    }

    /// <summary>Waits for the process to end, at most <paramref name="limit"/>. Returns whether it ended.</summary>
    public async Task<bool> WaitForEndAsync(TimeSpan limit)
    {
        var end = TimeProvider.System.GetTimestamp() + (long)(limit.TotalSeconds * TimeProvider.System.TimestampFrequency);
        while (IsAlive)
        {
            if (TimeProvider.System.GetTimestamp() > end)
            {
                return false;
            }
            await Task.Delay(10);
        }
        return true;
    }

    // Field 22 of /proc/PID/stat, counted after the command's closing parenthesis (proc(5)); a zombie counts as ended.
    private static ulong? StartTimeOf(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : ulong.Parse(fields[19], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
