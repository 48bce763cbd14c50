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
    public void Watches_and_logs_take_no_seat() =>
        VirtualThread.Run(async thread =>
        {
            await using var api = await StartAsync(new MemoryWebhooks(), Options with { MaxReadsInFlight = 2, MaxQueuedPerUser = 0 });
            using var stop = new CancellationTokenSource();
            var lasting = new List<Task<ApiResponse>>();
            for (var i = 0; i < 100; i++)
            {
                lasting.Add(api.SendAsync("GET", ConfigMaps + "?watch=true", user: User("noisy"), cancellationToken: stop.Token).AsTask());
                lasting.Add(
                    api.SendAsync(
                            "GET",
                            "/api/v1/namespaces/default/pods/gone/log?follow=true",
                            user: User("noisy"),
                            cancellationToken: stop.Token
                        )
                        .AsTask()
                );
            }
            thread.Settle();

            var read = await api.SendAsync("GET", ConfigMaps, user: User("noisy"));

            Assert.Equal(100, lasting.Count(l => l.Result is { StatusCode: 200, Stream: not null }));
            Assert.Equal(100, lasting.Count(l => l.Result.StatusCode == 404));
            Assert.Equal(200, read.StatusCode);
        });

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
}
