namespace Petrel.Security;

/// <summary>Writes files that only their owner can read, atomically.</summary>
public static class SecretFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>
    /// Replaces <paramref name="path"/> with <paramref name="text"/>, mode 0600, durable when it returns. A file that has this text and
    /// mode is left as it is, so that a full disk does not matter to it.
    /// </summary>
    public static void Write(string path, string text)
    {
        if (IsThere(path, text))
        {
            return;
        }
        var temporary = $"{path}.{Environment.ProcessId}.new";
        try
        {
            WriteNew(temporary, text);
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static bool IsThere(string path, string text)
    {
        try
        {
            return File.Exists(path) && File.GetUnixFileMode(path) == OwnerOnly && File.ReadAllText(path) == text;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static void WriteNew(string temporary, string text)
    {
        using (
            var file = new FileStream(
                temporary,
                new FileStreamOptions
                {
                    Mode = FileMode.Create,
                    Access = FileAccess.Write,
                    UnixCreateMode = OwnerOnly,
                }
            )
        )
        {
            using var writer = new StreamWriter(file, leaveOpen: true);
            writer.Write(text);
            writer.Flush();
            file.Flush(flushToDisk: true);
        }
    }
}
