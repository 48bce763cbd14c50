using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Petrel.ApiServer.Composition;
using Petrel.Security;

namespace Petrel.ApiServer.Tests.Http;

/// <summary>
/// Clients that ask for much and read nothing. The server's time stands still until the test moves it, so that nothing ends by itself.
/// </summary>
public sealed class SlowReaderTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";

    // 20 MB of objects: more than all buffers of a connection.
    private const int Objects = 100;
    private static readonly string Filling = new('x', 200_000);

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Lists_that_nobody_reads_take_no_memory_of_their_own(string version)
    {
        await using var front = await StartAsync();
        using var client = front.Http(Version.Parse(version), front.Certificate(CertificateProfile.Admin));
        using (var whole = await client.GetAsync(Maps))
        {
            Assert.True((await whole.Content.ReadAsByteArrayAsync()).Length > Objects * Filling.Length);
        }
        var before = GC.GetTotalMemory(forceFullCollection: true);

        var unread = new List<HttpResponseMessage>();
        for (var i = 0; i < 50; i++)
        {
            unread.Add(await client.GetAsync(Maps, HttpCompletionOption.ResponseHeadersRead));
        }

        Assert.All(unread, r => Assert.Equal(HttpStatusCode.OK, r.StatusCode));
        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        // Fifty lists of 20 MB are 1,000 MB. The client, in this process, buffers a little of each.
        Assert.InRange(grown, long.MinValue, 100_000_000);
        unread.ForEach(static r => r.Dispose());
    }

    [Theory]
    [InlineData("1.1", Maps)]
    [InlineData("2.0", Maps)]
    [InlineData("1.1", Maps + "?watch=true")]
    [InlineData("2.0", Maps + "?watch=true")]
    public async Task A_client_that_reads_nothing_is_cut_off_and_other_watches_live_on(string version, string target)
    {
        // What ends the response is that nobody reads it, and not its time limit.
        await using var front = await StartAsync(new ApiServerOptions { RequestTimeout = TimeSpan.FromDays(30) });
        var user = front.Certificate(CertificateProfile.NodeClient("noisy"));
        using var noisy = front.Http(Version.Parse(version), user);
        using var quiet = front.Http(HttpVersion.Version20, front.Certificate(CertificateProfile.NodeClient("quiet")));
        using var watch = await quiet.GetAsync(
            Maps + "?watch=true&fieldSelector=metadata.name%3Dlive",
            HttpCompletionOption.ResponseHeadersRead
        );
        using var lines = new StreamReader(await watch.Content.ReadAsStreamAsync());
        using var unread = await noisy.GetAsync(target, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, unread.StatusCode);

        // The pending write's timer may not be set yet: so time goes on until the response is cut off.
        await EventuallyAsync(() =>
        {
            front.Time.Advance(TimeSpan.FromSeconds(31));
            return Task.FromResult(front.Front.CutOff > 0);
        });

        await Assert.ThrowsAnyAsync<Exception>(() => unread.Content.ReadAsByteArrayAsync());
        await front.Api.CreateAsync(Maps, """{"metadata":{"name":"live"}}""");
        Assert.Contains("\"live\"", await lines.ReadLineAsync().WaitAsync(TestApi.Patience), StringComparison.Ordinal);
        // The seats are free again.
        using var next = await noisy.GetAsync(Maps + "?limit=1");
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
    }

    [Fact]
    public async Task Small_responses_that_nobody_reads_take_seats_until_they_are_cut_off()
    {
        await using var front = await StartAsync(new ApiServerOptions { MaxReadsInFlight = 4, MaxQueuedPerUser = 0 });
        var certificate = front.Certificate(CertificateProfile.NodeClient("noisy"));
        await using var connection = await Http2Connection.OpenAsync(front, certificate, initialWindow: 0);

        // Three seats of four are for one user. The client opens no window, so that no byte of a body can be sent.
        for (var stream = 1; stream <= 9; stream += 2)
        {
            await connection.RequestAsync(stream, "GET", Maps + "?limit=1&fieldSelector=metadata.name%3Dm000");
        }
        var statuses = new List<int>();
        while (statuses.Count < 5)
        {
            statuses.Add(await connection.StatusAsync().WaitAsync(TestApi.Patience));
        }

        Assert.Equal([200, 200, 200, 429, 429], statuses.Order());
        using var other = front.Http(HttpVersion.Version20, front.Certificate(CertificateProfile.NodeClient("quiet")));
        Assert.Equal(HttpStatusCode.OK, (await other.GetAsync(Maps + "/m001")).StatusCode);
        // All seats are free once the unread responses are cut off.
        using var again = front.Http(HttpVersion.Version20, certificate);
        await EventuallyAsync(async () =>
        {
            front.Time.Advance(TimeSpan.FromSeconds(31));
            return (await again.GetAsync(Maps + "/m001")).StatusCode == HttpStatusCode.OK;
        });
    }

    private static async Task EventuallyAsync(Func<Task<bool>> condition)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(deadline) < TestApi.Patience, "The condition does not come true.");
            await Task.Delay(10);
        }
    }

    private static async Task<TestFront> StartAsync(ApiServerOptions? options = null)
    {
        var front = await TestFront.StartAsync(options);
        await front.AllowNodesAsync();
        for (var i = 0; i < Objects; i++)
        {
            await front.Api.CreateAsync(Maps, $$$"""{"metadata":{"name":"m{{{i:000}}}"},"data":{"v":"{{{Filling}}}"} }""");
        }
        return front;
    }
}
