using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Petrel.Client;
using Petrel.Client.Http;
using Petrel.Model.Api;
using Petrel.Security;

namespace Petrel.ApiServer.Tests.Http;

/// <summary>A server that dies while clients connect, as one does that is killed under load.</summary>
public sealed class LostConnectionTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("petrel-lost-").FullName;

    [Fact]
    public async Task A_connection_that_is_reset_at_once_is_a_transient_failure()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start(512);
        using var stop = new CancellationTokenSource();
        var resetting = ResetAllAsync(listener, stop.Token);
        var authority = ClusterAuthority.Open(_directory, TimeProvider.System);
        using var certificate = X509Certificate2.CreateFromPem(authority.CertificatePem);
        using var user = authority.Issue(CertificateProfile.Admin).ToX509();
        using var client = new HttpApiHandler(new Uri($"https://{listener.LocalEndpoint}"), user, certificate);

        // The reset arrives at various moments: while connecting, right after it, and within the handshake.
        var failures = await Task.WhenAll(Enumerable.Range(0, 16).Select(async _ => await RequestManyAsync(client, count: 50)));

        Assert.All(failures.SelectMany(f => f), f => Assert.True(ApiFailures.IsTransient(f, CancellationToken.None), f.ToString()));
        await stop.CancelAsync();
        await resetting;
    }

    [Theory]
    [InlineData(typeof(SocketException))]
    [InlineData(typeof(HttpRequestException))]
    public void Whatever_the_client_throws_for_a_lost_connection_counts_as_one(Type type) =>
        Assert.True(HttpFailures.IsConnectionFailure((Exception)Activator.CreateInstance(type)!));

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static async Task<List<Exception>> RequestManyAsync(HttpApiHandler client, int count)
    {
        var failures = new List<Exception>();
        for (var i = 0; i < count; i++)
        {
            var request = new ApiRequest { Method = "GET", Path = "/readyz" };
            failures.Add(await Assert.ThrowsAnyAsync<Exception>(async () => await client.HandleAsync(request, CancellationToken.None)));
        }
        return failures;
    }

    private static async Task ResetAllAsync(TcpListener listener, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                using var connection = await listener.AcceptSocketAsync(stop);
                connection.LingerState = new LingerOption(enable: true, seconds: 0);
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }
}
