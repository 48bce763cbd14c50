using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Petrel.Hosting.Front;

/// <summary>The options of the server's HTTPS endpoint.</summary>
/// <param name="Addresses">The addresses to listen on. Port 0 selects a free port.</param>
/// <param name="Certificate">The server's certificate with its key.</param>
/// <param name="ClientAuthority">The authority of client certificates, which identify the user: CN the name, O the groups.</param>
public sealed record FrontOptions(IReadOnlyList<IPEndPoint> Addresses, X509Certificate2 Certificate, X509Certificate2 ClientAuthority)
{
    /// <summary>The largest request body, in bytes.</summary>
    public int MaxBodyBytes { get; init; } = 3 * 1024 * 1024;

    /// <summary>How many connections there may be.</summary>
    public int MaxConnections { get; init; } = DescriptorLimit.Connections;

    /// <summary>How many connections one user may have, administrators aside.</summary>
    public int MaxConnectionsPerUser
    {
        get => field > 0 ? field : Math.Max(8, MaxConnections / 2);
        init;
    }

    /// <summary>How many requests one HTTP/2 connection may carry at a time (the default of Go's server, as upstream's).</summary>
    public int MaxStreamsPerConnection { get; init; } = 250;

    /// <summary>How long a client may take for its TLS handshake, and for the headers of a request.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a connection may be idle. Watches keep it open.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(130);

    /// <summary>How long a client may accept no byte of a response, a watch included, before it is cut off.</summary>
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Responses larger than this, in bytes, are compressed for clients that accept compression.</summary>
    public int CompressAbove { get; init; } = 128 * 1024;

    /// <summary>
    /// How long the server keeps serving after a stop signal, so that load balancers can observe the shutdown at <c>/readyz</c>
    /// (upstream: --shutdown-delay-duration).
    /// </summary>
    public TimeSpan ShutdownDelay { get; init; }

    /// <summary>How long requests in flight may take after the server has stopped listening.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(5);
}
