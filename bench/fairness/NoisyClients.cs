using System.Net;
using System.Text;

namespace Petrel.Bench.Fairness;

/// <summary>One user's load, until the input ends. Ten clients share a connection. Prints what was answered.</summary>
internal static class NoisyClients
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";
    private const int ClientsPerConnection = 10;
    private const int ChangesPerSecond = 50;

    public static async Task<int> RunAsync(string directory, int port, string kind, int count)
    {
        var clients = new BenchClient(directory, port);
        var certificate = clients.Certificate("noisy");
        using var stop = new CancellationTokenSource();
        var (answered, refused, bytes) = (0, 0, 0L);
        var loops = new List<Task>();
        HttpClient? shared = null;
        for (var i = 0; i < count; i++)
        {
            if (i % ClientsPerConnection == 0)
            {
                shared = clients.Connect(certificate);
            }
            loops.Add(LoopAsync(shared!, kind));
        }
        if (kind == "changes")
        {
            loops.Add(ChangeAsync(clients.Connect(certificate)));
        }
        Console.WriteLine("started");
        await Console.In.ReadToEndAsync();
        await stop.CancelAsync();
        await Task.WhenAll(loops);
        Console.WriteLine($"{answered} answered, {refused} refused, {bytes >> 20} MiB");
        return 0;

        async Task LoopAsync(HttpClient http, string what)
        {
            var buffer = new byte[64 * 1024];
            var target = what switch
            {
                "lists" => Maps,
                "watches" => Maps + "?watch=true&timeoutSeconds=1",
                _ => Maps + "?watch=true",
            };
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    using var response = await http.GetAsync(target, HttpCompletionOption.ResponseHeadersRead, stop.Token);
                    if (response.StatusCode == HttpStatusCode.TooManyRequests)
                    {
                        Interlocked.Increment(ref refused);
                        await Task.Delay(TimeSpan.FromSeconds(1), stop.Token);
                        continue;
                    }
                    response.EnsureSuccessStatusCode();
                    await using var body = await response.Content.ReadAsStreamAsync(stop.Token);
                    for (int read; (read = await body.ReadAsync(buffer, stop.Token)) > 0; )
                    {
                        Interlocked.Add(ref bytes, read);
                    }
                    Interlocked.Increment(ref answered);
                }
                catch (Exception e) when (e is OperationCanceledException or HttpRequestException or IOException)
                {
                    // The end of the run, or a connection that the server has closed.
                }
            }
        }

        async Task ChangeAsync(HttpClient http)
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                try
                {
                    using var body = new StringContent(
                        $$$"""{"metadata":{"annotations":{"turn":"{{{i}}}"} } }""",
                        Encoding.UTF8,
                        "application/merge-patch+json"
                    );
                    using var response = await http.PatchAsync($"{Maps}/c{i % 1000}", body, stop.Token);
                    await Task.Delay(TimeSpan.FromSeconds(1.0 / ChangesPerSecond), stop.Token);
                }
                catch (OperationCanceledException)
                {
                    // The end of the run.
                }
            }
        }
    }
}
