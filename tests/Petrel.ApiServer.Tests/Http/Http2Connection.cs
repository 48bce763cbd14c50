using System.Buffers.Binary;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Petrel.ApiServer.Tests.Http;

/// <summary>A client that writes HTTP/2 frames by itself (RFC 9113), to do what no well-behaved client does.</summary>
internal sealed class Http2Connection : IAsyncDisposable
{
    private const byte Headers = 1;
    private const byte Reset = 3;
    private const byte Settings = 4;
    private const byte GoAway = 7;
    private readonly SslStream _stream;

    private Http2Connection(SslStream stream) => _stream = stream;

    /// <param name="front">The server.</param>
    /// <param name="certificate">The user.</param>
    /// <param name="initialWindow">How many bytes of each response the server may send.</param>
    public static async Task<Http2Connection> OpenAsync(TestFront front, X509Certificate2 certificate, int initialWindow)
    {
        var connection = new Http2Connection(await front.ConnectAsync(SslApplicationProtocol.Http2, certificate));
        await connection._stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
        // SETTINGS_HEADER_TABLE_SIZE is 0, so that every status is a literal; SETTINGS_INITIAL_WINDOW_SIZE.
        var settings = new byte[12];
        settings[1] = 1;
        settings[7] = 4;
        BinaryPrimitives.WriteInt32BigEndian(settings.AsSpan(8), initialWindow);
        await connection.WriteAsync(Settings, 0, 0, settings);
        return connection;
    }

    /// <summary>Opens a stream with a request; its body is to follow when <paramref name="endsStream"/> is false.</summary>
    public Task RequestAsync(int stream, string method, string path, bool endsStream = true, params (string Name, string Value)[] headers)
    {
        var block = new List<byte>();
        foreach (
            var (name, value) in new[] { (":method", method), (":scheme", "https"), (":authority", "localhost"), (":path", path) }.Concat(
                headers
            )
        )
        {
            // A literal that is not indexed, with a new name (RFC 7541, section 6.2.2).
            block.Add(0);
            Append(block, name);
            Append(block, value);
        }
        return WriteAsync(Headers, (byte)(0x4 | (endsStream ? 0x1 : 0)), stream, [.. block]);
    }

    public Task ResetAsync(int stream) => WriteAsync(Reset, 0, stream, [0, 0, 0, 8]);

    /// <summary>The status of the next response. Fails with an <see cref="IOException"/> when the connection ends before.</summary>
    public async Task<int> StatusAsync()
    {
        while (true)
        {
            var (type, flags, payload) = await ReadAsync();
            if (type == GoAway)
            {
                throw new IOException("The server closes the connection.");
            }
            if (type == Settings && (flags & 1) == 0)
            {
                await WriteAsync(Settings, 1, 0, []);
            }
            if (type == Headers)
            {
                return StatusOf(payload);
            }
        }
    }

    /// <summary>Reads until the server closes the connection.</summary>
    public async Task UntilClosedAsync()
    {
        try
        {
            while ((await ReadAsync()).Type != GoAway)
            {
                // What else comes does not matter.
            }
        }
        catch (IOException)
        {
            // Closed.
        }
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    // The first header of a response is its status: indexed when it is in HPACK's static table, else a literal of the name at index 8.
    private static int StatusOf(byte[] block)
    {
        var at = 0;
        if ((block[at] & 0xe0) == 0x20)
        {
            // The dynamic table's size changes: an integer of one byte, or of several when its first five bits are set.
            var isLong = (block[at++] & 0x1f) == 0x1f;
            while (isLong && (block[at++] & 0x80) != 0)
            {
                // The next byte belongs to it too.
            }
        }
        int[] known = [200, 204, 206, 304, 400, 404, 500];
        return block[at] >= 0x88 && block[at] <= 0x8e
            ? known[block[at] - 0x88]
            : int.Parse(Encoding.ASCII.GetString(block, at + 2, 3), System.Globalization.CultureInfo.InvariantCulture);
    }

    private static void Append(List<byte> block, string text)
    {
        var rest = text.Length;
        if (rest < 127)
        {
            block.Add((byte)rest);
        }
        else
        {
            block.Add(127);
            for (rest -= 127; rest >= 128; rest >>= 7)
            {
                block.Add((byte)(0x80 | (rest & 0x7f)));
            }
            block.Add((byte)rest);
        }
        block.AddRange(Encoding.ASCII.GetBytes(text));
    }

    private async Task WriteAsync(byte type, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        frame[0] = (byte)(payload.Length >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(1), (ushort)payload.Length);
        (frame[3], frame[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        await _stream.WriteAsync(frame);
    }

    private async Task<(byte Type, byte Flags, byte[] Payload)> ReadAsync()
    {
        var head = new byte[9];
        await _stream.ReadExactlyAsync(head);
        var payload = new byte[(head[0] << 16) | (head[1] << 8) | head[2]];
        await _stream.ReadExactlyAsync(payload);
        return (head[3], head[4], payload);
    }
}
