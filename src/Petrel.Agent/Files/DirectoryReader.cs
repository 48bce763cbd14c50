namespace Petrel.Agent.Files;

/// <summary>Reads the entries of an open directory with their exact names, which need not be UTF-8.</summary>
internal static class DirectoryReader
{
    private const int NameOffset = 19;
    private const byte DirectoryType = 4;

    /// <summary>The entries from the descriptor's position on, without <c>.</c> and <c>..</c>. Names end with a zero byte.</summary>
    /// <exception cref="IOException">The directory can't be read.</exception>
    public static IEnumerable<(byte[] Name, bool IsDirectory)> ReadAll(int directory)
    {
        var buffer = new byte[32 * 1024];
        int count;
        while ((count = SystemCalls.GetEntries(directory, buffer)) > 0)
        {
            // struct linux_dirent64: inode and offset of 8 bytes each, the record's length, the type, the name.
            for (var start = 0; start < count; start += BitConverter.ToUInt16(buffer, start + 16))
            {
                var end = Array.IndexOf(buffer, (byte)0, start + NameOffset);
                var name = buffer[(start + NameOffset)..(end + 1)];
                if (!name.AsSpan().SequenceEqual(".\0"u8) && !name.AsSpan().SequenceEqual("..\0"u8))
                {
                    yield return (name, buffer[start + 18] == DirectoryType);
                }
            }
        }
        if (count < 0 && SystemCalls.LastError != SystemCalls.NoEntry)
        {
            throw SystemCalls.Failure("list", $"directory {directory}");
        }
    }
}
