using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Tests.Admission.Webhooks;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Protection;

/// <summary>
/// One user sends far more than the server can do; whether others notice. In virtual time: a request takes as long as it is said to.
/// </summary>
public sealed class LoadTests
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private const string NotYet = ConfigMaps + "?resourceVersion=1000000000&resourceVersionMatch=NotOlderThan";
    private const int Seats = 16;
    private const int Flood = 3000;

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);
    private static readonly ApiServerOptions Options = new()
    {
        MaxReadsInFlight = Seats,
        MaxWritesInFlight = Seats,
        MaxQueuedPerUser = 2000,
    };

    [Fact]
    public void A_quiet_user_is_answered_while_a_noisy_one_floods_the_server_with_slow_writes()
    {
        var (quiet, noisy) = Measure("quiet", slowWrites: true, ["noisy"]);

        Assert.All(quiet, a => Assert.Equal(201, a.Status));
        Assert.All(quiet, a => Assert.True(a.Took <= Step, $"took {a.Took}"));
        // The noisy one gets on too, but most of it is told to come back later.
        Assert.InRange(noisy.Count(a => a.Status == 201), 100, 400);
        Assert.Equal(Flood, noisy.Count(a => a.Status is 201 or 429));
    }

    [Fact]
    public void With_one_queue_for_all_the_quiet_user_would_wait_for_the_flood()
    {
        // The same flood, but both are one user to the server: one queue.
        var (quiet, _) = Measure("noisy", slowWrites: true, ["noisy"]);

        Assert.All(quiet, a => Assert.True(a.Status == 429 || a.Took > TimeSpan.FromSeconds(9), $"{a.Status} after {a.Took}"));
    }

    [Fact]
    public void A_quiet_user_waits_for_no_more_than_its_turn_when_several_floods_take_all_seats()
    {
        var (quiet, _) = Measure("quiet", slowWrites: true, ["a", "b", "c", "d"]);

        Assert.All(quiet, a => Assert.Equal(201, a.Status));
        // Its turn comes after at most one slot for each of the others: as soon as the next of the slow requests has ended.
        Assert.All(quiet, a => Assert.True(a.Took <= TimeSpan.FromSeconds(1) + Step, $"took {a.Took}"));
    }

    [Fact]
    public void A_quiet_user_reads_while_a_noisy_one_floods_the_server_with_slow_reads()
    {
        var (quiet, noisy) = Measure("quiet", slowWrites: false, ["noisy"]);
        var (withOneQueue, _) = Measure("noisy", slowWrites: false, ["noisy"]);

        Assert.All(quiet, a => Assert.Equal(200, a.Status));
        Assert.All(quiet, a => Assert.True(a.Took <= Step, $"took {a.Took}"));
        // Each waits three seconds for a revision that does not come, or for its turn to do so.
        Assert.Equal(Flood, noisy.Count(a => a.Status is 504 or 429));
        Assert.All(withOneQueue, a => Assert.True(a.Status == 429 || a.Took > TimeSpan.FromSeconds(9), $"{a.Status} after {a.Took}"));
    }

    [Fact]
    public void Administrators_and_health_are_answered_at_once_whatever_waits() =>
        VirtualThread.Run(async thread =>
        {
            await using var api = await StartAsync(new MemoryWebhooks(), Options with { MaxReadsInFlight = 1 });
            var slow = Enumerable.Range(0, 10).Select(_ => api.SendAsync("GET", NotYet, user: User("noisy")).AsTask()).ToList();
            thread.Settle();

            Assert.All(slow, s => Assert.False(s.IsCompleted));
            foreach (
                var (path, user) in new[]
                {
                    ("/readyz", UserInfo.Anonymous),
                    ("/livez", User("noisy")),
                    ("/healthz", UserInfo.Anonymous),
                    (ConfigMaps, new UserInfo("jane", [UserInfo.MastersGroup, UserInfo.AuthenticatedGroup])),
                }
            )
            {
                var answer = api.SendAsync("GET", path, user: user).AsTask();
                thread.Settle();
                Assert.True(answer.IsCompleted, path);
                Assert.Equal(200, (await answer).StatusCode);
            }
            await DrainAsync(api, thread, slow);
        });

    [Fact]
    public void Followed_logs_and_running_watches_take_no_seat() =>
        VirtualThread.Run(async thread =>
        {
            await using var api = await StartAsync(new MemoryWebhooks(), Options with { MaxReadsInFlight = 2, MaxQueuedPerUser = 0 });
            using var stop = new CancellationTokenSource();
            var watches = new List<IAsyncEnumerator<ReadOnlyMemory<byte>>>();
            for (var i = 0; i < 100; i++)
            {
                var log = await api.SendAsync("GET", "/api/v1/namespaces/default/pods/gone/log?follow=true", user: User("noisy"));
                Assert.Equal(404, log.StatusCode);
                var watch = await api.SendAsync("GET", ConfigMaps + "?watch=true", user: User("noisy"), cancellationToken: stop.Token);
                Assert.Equal(200, watch.StatusCode);
                watches.Add(watch.Stream!.GetAsyncEnumerator(stop.Token));
                _ = watches[^1].MoveNextAsync().AsTask();
                thread.Settle();
            }

            var read = await api.SendAsync("GET", ConfigMaps, user: User("noisy"));

            Assert.Equal(200, read.StatusCode);
            await stop.CancelAsync();
            thread.Settle();
        });

    [Fact]
    public void A_watch_holds_a_seat_until_the_objects_that_it_begins_with_are_read() =>
        VirtualThread.Run(async thread =>
        {
            await using var api = await StartAsync(new MemoryWebhooks(), Options with { MaxReadsInFlight = 2, MaxQueuedPerUser = 0 });
            using var stop = new CancellationTokenSource();
            await api.CreateAsync(ConfigMaps, Map("first", "fast"));

            var first = await api.SendAsync("GET", ConfigMaps + "?watch=true", user: User("noisy"), cancellationToken: stop.Token);
            var second = await api.SendAsync("GET", ConfigMaps + "?watch=true", user: User("noisy"), cancellationToken: stop.Token);
            var other = await api.SendAsync("GET", ConfigMaps, user: User("quiet"));
            var chunks = first.Stream!.GetAsyncEnumerator(stop.Token);
            Assert.True(await chunks.MoveNextAsync());
            var next = chunks.MoveNextAsync();
            thread.Settle();
            var third = await api.SendAsync("GET", ConfigMaps + "?watch=true", user: User("noisy"), cancellationToken: stop.Token);

            Assert.Equal([200, 429, 200, 200], new[] { first, second, other, third }.Select(r => r.StatusCode));
            Assert.False(next.IsCompleted);
            await stop.CancelAsync();
            thread.Settle();
        });

    [Fact]
    public void A_watch_that_nobody_reads_gives_its_seat_back_when_its_time_is_over() =>
        VirtualThread.Run(async thread =>
        {
            await using var api = await StartAsync(new MemoryWebhooks(), Options with { MaxReadsInFlight = 2, MaxQueuedPerUser = 0 });
            for (var i = 0; i < 3; i++)
            {
                await api.CreateAsync(ConfigMaps, Map($"m{i}", "fast"));
            }
            var unread = await api.SendAsync("GET", ConfigMaps + "?watch=true", user: User("noisy"));

            api.Time.Advance(TimeSpan.FromSeconds(61));
            thread.Settle();
            var next = await api.SendAsync("GET", ConfigMaps, user: User("noisy"));
            await using var chunks = unread.Stream!.GetAsyncEnumerator();

            Assert.Equal(200, next.StatusCode);
            Assert.False(await chunks.MoveNextAsync());
        });

    [Fact]
    public void A_request_holds_its_seats_until_its_response_is_sent() =>
        VirtualThread.Run(async thread =>
        {
            await using var api = await StartAsync(new MemoryWebhooks(), Options with { MaxListSeats = 12, MaxQueuedPerUser = 0 });
            for (var i = 0; i < 500; i++)
            {
                await api.CreateAsync(ConfigMaps, Map($"m{i}", "fast"));
            }
            thread.Settle();
            var sending = new Exchange();

            // Five seats for five hundred objects, of the nine that one user may hold.
            var first = await ListAsync(api, "noisy", sending);
            var second = await ListAsync(api, "noisy", new Exchange());
            var other = await ListAsync(api, "quiet", new Exchange());
            sending.Sent();
            var third = await ListAsync(api, "noisy", new Exchange());

            Assert.Equal([200, 429, 200, 200], new[] { first, second, other, third }.Select(r => r.StatusCode));
            thread.Settle();
        });

    [Fact]
    public void A_response_that_is_not_sent_in_time_is_cut_off() =>
        VirtualThread.Run(async thread =>
        {
            await using var api = await StartAsync(new MemoryWebhooks(), Options);
            var sending = new Exchange();

            await ListAsync(api, "noisy", sending);
            Assert.False(sending.IsCutOff);
            api.Time.Advance(TimeSpan.FromSeconds(61));
            thread.Settle();

            Assert.True(sending.IsCutOff);
        });

    [Fact]
    public void One_user_may_have_so_many_watches_and_others_too() =>
        VirtualThread.Run(async thread =>
        {
            await using var api = await StartAsync(new MemoryWebhooks(), Options with { MaxWatchesPerUser = 5 });
            using var stop = new CancellationTokenSource();
            var answers = new List<int>();
            foreach (var user in (string[])["a", "a", "a", "a", "a", "a", "a", "b"])
            {
                var watch = await api.SendAsync("GET", ConfigMaps + "?watch=true", user: User(user), cancellationToken: stop.Token);
                answers.Add(watch.StatusCode);
                _ = watch.Stream?.GetAsyncEnumerator(stop.Token).MoveNextAsync().AsTask();
                thread.Settle();
            }
            await stop.CancelAsync();
            thread.Settle();
            var again = await api.SendAsync("GET", ConfigMaps + "?watch=true", user: User("a"));

            Assert.Equal([200, 200, 200, 200, 200, 429, 429, 200], answers);
            Assert.Equal(200, again.StatusCode);
        });

    private static ValueTask<ApiResponse> ListAsync(TestApi api, string user, Exchange exchange) =>
        api.Server.HandleAsync(
            new ApiRequest
            {
                Method = "GET",
                Path = ConfigMaps,
                User = User(user),
            },
            exchange,
            CancellationToken.None
        );

    /// <summary>How the requests of a user who sends two each second fared, for five seconds, and those of the floods.</summary>
    private static (List<Answer> Quiet, List<Answer> Noisy) Measure(string quietName, bool slowWrites, string[] floods)
    {
        var (quiet, noisy) = (new List<Answer>(), new List<Answer>());
        VirtualThread.Run(async thread =>
        {
            var hooks = new MemoryWebhooks();
            await using var api = await StartAsync(hooks, Options);
            hooks.Add("/slow", async (_, token) =>
            {
                await Task.Delay(TimeSpan.FromSeconds(1), api.Time, token);
                return JsonNode.Parse("""{"allowed":true}""")!.AsObject();
            });
            await api.CreateAsync("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", SlowWrites);
            var running = new List<Task>();
            foreach (var flood in floods)
            {
                for (var i = 0; i < Flood / floods.Length; i++)
                {
                    running.Add(
                        slowWrites
                            ? TimeAsync(api, noisy, "POST", ConfigMaps, Map($"{flood}-{i}", "slow"), flood)
                            : TimeAsync(api, noisy, "GET", NotYet, "", flood)
                    );
                }
            }
            thread.Settle();
            for (var i = 0; i < 50; i++)
            {
                if (i % 5 == 0)
                {
                    running.Add(
                        slowWrites
                            ? TimeAsync(api, quiet, "POST", ConfigMaps, Map($"quiet-{i}", "fast"), quietName)
                            : TimeAsync(api, quiet, "GET", ConfigMaps, "", quietName)
                    );
                    thread.Settle();
                }
                api.Time.Advance(Step);
                thread.Settle();
            }
            await DrainAsync(api, thread, running);
        });
        return (quiet, noisy);
    }

    private static async Task TimeAsync(TestApi api, List<Answer> answers, string method, string target, string body, string user)
    {
        var started = api.Time.GetUtcNow();
        var response = await api.SendAsync(method, target, body, user: User(user));
        answers.Add(new(response.StatusCode, api.Time.GetUtcNow() - started));
    }

    // Nothing may be left waiting, or the server could not end.
    private static async Task DrainAsync(TestApi api, VirtualThread thread, IReadOnlyList<Task> running)
    {
        for (var i = 0; i < 100 && running.Any(r => !r.IsCompleted); i++)
        {
            api.Time.Advance(TimeSpan.FromSeconds(1));
            thread.Settle();
        }
        await Task.WhenAll(running);
    }

    private static async Task<TestApi> StartAsync(MemoryWebhooks hooks, ApiServerOptions options)
    {
        var api = await TestApi.StartAsync(options, webhooks: hooks);
        await api.CreateAsync(
            "/apis/rbac.authorization.k8s.io/v1/clusterroles",
            """
            {"metadata":{"name":"load"},"rules":[{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}]}
            """
        );
        await api.CreateAsync(
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
            """
            {"metadata":{"name":"load"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"load"},
            "subjects":[{"kind":"Group","apiGroup":"rbac.authorization.k8s.io","name":"load"}]}
            """
        );
        return api;
    }

    private static UserInfo User(string name) => new(name, ["load", UserInfo.AuthenticatedGroup]);

    private static string Map(string name, string pace) => $$$"""{"metadata":{"name":"{{{name}}}","labels":{"pace":"{{{pace}}}"} } }""";

    // A webhook that takes a second to answer makes writes slow.
    private const string SlowWrites = """
        {"metadata":{"name":"slow"},"webhooks":[{"name":"slow.example.com","admissionReviewVersions":["v1"],"sideEffects":"None",
        "timeoutSeconds":30,
        "objectSelector":{"matchLabels":{"pace":"slow"}},"clientConfig":{"url":"https://hooks.test/slow"},
        "rules":[{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"]}]}]}
        """;

    private sealed record Answer(int Status, TimeSpan Took);

    /// <summary>A transport that sends a response for as long as the test wants.</summary>
    private sealed class Exchange : IApiExchange
    {
        private readonly List<IDisposable> _held = [];
        private CancellationToken _limit;

        public long? BodyLength => 0;

        public bool IsCutOff => _limit.IsCancellationRequested;

        public ApiResponse? Identify(UserInfo user) => null;

        public ValueTask<RequestBody> ReadBodyAsync(CancellationToken cancellationToken) => default;

        public void HoldUntilSent(IDisposable held, CancellationToken limit)
        {
            _held.Add(held);
            _limit = limit;
        }

        public void Sent() => _held.ForEach(static held => held.Dispose());
    }
}
