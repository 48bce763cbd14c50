using System.Text.RegularExpressions;

namespace Petrel.EndToEnd.Tests;

/// <summary><c>petrel up --example</c>: the application runs, and its page is open at the printed address.</summary>
public sealed partial class ExampleTests
{
    [RootFact]
    public async Task The_guestbooks_page_is_open_at_the_printed_address_through_a_roll_out()
    {
        await using var cluster = await TestCluster.UpAsync(nodes: 3);

        var run = await cluster.PetrelAsync("up", "--example", "guestbook");

        Assert.True(run.ExitCode == 0, run.Text);
        var page = new Uri(Page().Match(run.Output).Value);
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        Assert.Contains("guestbook v1 on ", await http.GetStringAsync(page));
        using (var signed = await http.PostAsync(new Uri(page, "entries"), new StringContent("storm petrels nest at night")))
        {
            Assert.True(signed.IsSuccessStatusCode, $"{signed.StatusCode}");
        }

        // Each visit through a connection of its own, as browsers of different people.
        using var stop = new CancellationTokenSource();
        var visits = VisitAsync(page, stop.Token);
        await cluster.KubectlAsync("set", "image", "deployment/guestbook", "guestbook=guestbook:v2");
        await cluster.KubectlAsync("rollout", "status", "deployment/guestbook", "--timeout=90s");
        await stop.CancelAsync();
        var (count, failures) = await visits;
        Assert.Empty(failures);
        Assert.True(count > 10, $"only {count} visits");
        // A connection for each visit: a draining pod still serves the connections that it has, and leaves the EndpointSlice a moment after
        // the roll-out is complete.
        using var later = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero });
        var after = "";
        await Eventually.TrueAsync(
            "the page is the new release's",
            async () => (after = await later.GetStringAsync(page)).Contains("guestbook v2 on ", StringComparison.Ordinal),
            TimeSpan.FromSeconds(10),
            () => Task.FromResult(after)
        );
        Assert.Contains("storm petrels nest at night", after);
    }

    private static async Task<(int Count, IReadOnlyList<string> Failures)> VisitAsync(Uri page, CancellationToken stop)
    {
        var count = 0;
        var failures = new List<string>();
        using var http = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero })
        {
            Timeout = TimeSpan.FromSeconds(5),
        };
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var response = await http.GetAsync(page, CancellationToken.None);
                if (!response.IsSuccessStatusCode)
                {
                    failures.Add($"{response.StatusCode}");
                }
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                failures.Add(e.Message);
            }
            count++;
            await Task.Delay(50, CancellationToken.None);
        }
        return (count, failures);
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+/")]
    private static partial Regex Page();
}
