using System.Buffers;
using System.Net.Sockets;
using System.Text;

namespace Guestbook;

/// <summary>
/// A list in Redis, over RESP (Redis serialization protocol 2), one connection a call. A call takes at most <paramref name="limit"/>,
/// connecting included, so that a page with Redis away is a page without entries and not a page that hangs.
/// </summary>
internal sealed class RedisList(string host, int port, string password, string key, TimeSpan limit)
{
    public Task AddAsync(string value) => CallAsync("RPUSH", key, value);

    public async Task<IReadOnlyList<string>> ReadAsync() => await CallAsync("LRANGE", key, "0", "-1") as IReadOnlyList<string> ?? [];

    private async Task<object?> CallAsync(params string[] command)
    {
        using var timeout = new CancellationTokenSource(limit);
        try
        {
            using var client = new TcpClient { NoDelay = true };
            await client.ConnectAsync(host, port, timeout.Token);
            var stream = new BufferedStream(client.GetStream());
            if (password.Length > 0)
            {
                await SendAsync(stream, ["AUTH", password], timeout.Token);
                await ReadAsync(stream, timeout.Token);
            }
            await SendAsync(stream, command, timeout.Token);
            return await ReadAsync(stream, timeout.Token);
        }
        catch (OperationCanceledException)
        {
            throw new RedisException($"no answer from {host}:{port} within {limit.TotalMilliseconds} ms");
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            throw new RedisException($"{host}:{port}: {e.Message}");
        }
    }

    private static async Task SendAsync(Stream stream, string[] words, CancellationToken cancellationToken)
    {
        var text = new StringBuilder($"*{words.Length}\r\n");
        foreach (var word in words)
        {
            text.Append($"${Encoding.UTF8.GetByteCount(word)}\r\n{word}\r\n");
        }
        await stream.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()), cancellationToken);
        await stream.FlushAsync(cancellationToken);
    }

    private static async Task<object?> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var line = await ReadLineAsync(stream, cancellationToken);
        var rest = line[1..];
        switch (line[0])
        {
            case '+' or ':':
                return rest;
            case '-':
                throw new RedisException(rest);
            case '$':
                var length = int.Parse(rest);
                if (length < 0)
                {
                    return null;
                }
                var bytes = new byte[length + 2];
                await stream.ReadExactlyAsync(bytes, cancellationToken);
                return Encoding.UTF8.GetString(bytes, 0, length);
            case '*':
                var items = new List<string>();
                for (var left = int.Parse(rest); left > 0; left--)
                {
                    items.Add(await ReadAsync(stream, cancellationToken) as string ?? "");
                }
                return items;
            default:
                throw new RedisException($"unexpected answer '{line}'");
        }
    }

    private static async Task<string> ReadLineAsync(Stream stream, CancellationToken cancellationToken)
    {
        var line = new ArrayBufferWriter<byte>();
        var one = new byte[1];
        while (true)
        {
            await stream.ReadExactlyAsync(one, cancellationToken);
            if (one[0] == '\n')
            {
                return Encoding.UTF8.GetString(line.WrittenSpan).TrimEnd('\r') is { Length: > 0 } text
                    ? text
                    : throw new RedisException("an empty answer");
            }
            line.Write(one);
        }
    }
}

/// <summary>Redis is away, or refused.</summary>
internal sealed class RedisException(string message) : Exception(message);
