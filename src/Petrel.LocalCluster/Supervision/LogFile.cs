namespace Petrel.LocalCluster.Supervision;

/// <summary>Reads the log files of the cluster's processes.</summary>
internal static class LogFile
{
    private const int TailBytes = 16 * 1024;

    /// <summary>The last line that is not part of a stack trace; empty when there is none.</summary>
    public static string LastLine(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            file.Seek(-Math.Min(TailBytes, file.Length), SeekOrigin.End);
            using var reader = new StreamReader(file);
            return reader.ReadToEnd().Split('\n').LastOrDefault(line => line.Length > 0 && !char.IsWhiteSpace(line[0])) ?? "";
        }
        catch (IOException)
        {
            return "";
        }
    }
}
