using System.Buffers.Binary;
using System.Text;

namespace Petrel.Agent.Runtimes.Processes;

/// <summary>Reads the parts of an ELF header that determine whether a program can run on this host.</summary>
internal static class ElfFile
{
    private const int HeaderSize = 64;
    private const int ClassOffset = 4;
    private const byte Class64 = 2;
    private const uint Interpreter = 3;

    private static ReadOnlySpan<byte> Magic => [0x7F, (byte)'E', (byte)'L', (byte)'F'];

    /// <summary>
    /// The path of the dynamic loader that a program requires. Null for static programs and for files that are not ELF files.
    /// </summary>
    public static string? LoaderOf(string path)
    {
        using var file = File.OpenRead(path);
        Span<byte> header = stackalloc byte[HeaderSize];
        if (file.ReadAtLeast(header, HeaderSize, throwOnEndOfStream: false) < HeaderSize || !header.StartsWith(Magic))
        {
            return null;
        }
        var wide = header[ClassOffset] == Class64;
        var offset = wide ? BinaryPrimitives.ReadInt64LittleEndian(header[32..]) : BinaryPrimitives.ReadUInt32LittleEndian(header[28..]);
        var size = BinaryPrimitives.ReadUInt16LittleEndian(header[(wide ? 54 : 42)..]);
        var count = BinaryPrimitives.ReadUInt16LittleEndian(header[(wide ? 56 : 44)..]);
        if (size < (wide ? 56 : 32))
        {
            return null;
        }
        var entry = new byte[size];
        for (var i = 0; i < count; i++)
        {
            file.Position = offset + ((long)i * size);
            if (file.ReadAtLeast(entry, size, throwOnEndOfStream: false) < size)
            {
                return null;
            }
            if (BinaryPrimitives.ReadUInt32LittleEndian(entry) != Interpreter)
            {
                continue;
            }
            file.Position = wide
                ? BinaryPrimitives.ReadInt64LittleEndian(entry.AsSpan(8))
                : BinaryPrimitives.ReadUInt32LittleEndian(entry.AsSpan(4));
            var name = new byte[
                Math.Min(
                    4096,
                    wide
                        ? BinaryPrimitives.ReadInt64LittleEndian(entry.AsSpan(32))
                        : BinaryPrimitives.ReadUInt32LittleEndian(entry.AsSpan(16))
                )
            ];
            var read = file.ReadAtLeast(name, name.Length, throwOnEndOfStream: false);
            return Encoding.UTF8.GetString(name, 0, read).TrimEnd('\0');
        }
        return null;
    }
}
