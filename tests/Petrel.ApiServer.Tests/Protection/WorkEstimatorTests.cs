using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Protection;
using Petrel.ApiServer.Requests;
using Petrel.Model.Api;
using Petrel.Store.Memory;

namespace Petrel.ApiServer.Tests.Protection;

public sealed class WorkEstimatorTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";

    [Theory]
    [InlineData(0, 10, Maps, 1)]
    [InlineData(100, 10, Maps, 1)]
    [InlineData(101, 10, Maps, 2)]
    [InlineData(450, 10, Maps, 5)]
    [InlineData(5000, 10, Maps, 10)]
    [InlineData(20, 30_000, Maps, 7)]
    [InlineData(450, 10, Maps + "?limit=50", 1)]
    [InlineData(450, 10, Maps + "?limit=250", 3)]
    [InlineData(450, 10, Maps + "?limit=50&labelSelector=a%3Db", 5)]
    [InlineData(450, 10, "/api/v1/configmaps", 5)]
    [InlineData(450, 10, "/api/v1/namespaces/other/configmaps", 1)]
    [InlineData(450, 10, "/api/v1/unknown", 1)]
    public async Task A_list_takes_a_seat_for_each_hundred_objects_or_100_kB_and_at_most_ten(
        int objects,
        int size,
        string target,
        int seats
    )
    {
        var kind = BuiltInKinds.Registry.Find("", "v1", "configmaps")!;
        await using var store = new MemoryStore();
        var caches = new CacheHub(store, BuiltInKinds.Registry.All, 16);
        caches
            .Of(kind)
            .Load(
                Enumerable
                    .Range(0, objects)
                    .Select(i => new Store.StoreEntry(
                        $"{kind.StorePrefix}default/m{i:0000}",
                        System.Text.Encoding.UTF8.GetBytes(
                            "{\"metadata\":{\"name\":\"m\"},\"data\":{\"v\":\"" + new string('x', size) + "\"}}"
                        ),
                        1,
                        1
                    )),
                1
            );
        var estimator = new WorkEstimator(BuiltInKinds.Registry, caches, 3 << 20);
        var question = target.Split('?');
        var request = new ApiRequest
        {
            Method = "GET",
            Path = question[0],
            Query =
                question.Length == 1 ? [] : [.. question[1].Split('&').Select(p => KeyValuePair.Create(p.Split('=')[0], p.Split('=')[1]))],
        };

        Assert.Equal(seats, estimator.List(RequestInfo.Parse(request), request));
    }

    [Theory]
    [InlineData(0L, 1)]
    [InlineData(100_000L, 1)]
    [InlineData(100_001L, 2)]
    [InlineData(3_145_728L, 32)]
    [InlineData(long.MaxValue, 32)]
    [InlineData(null, 32)]
    public async Task A_write_takes_a_seat_for_each_100_kB_of_its_body(long? length, int seats)
    {
        await using var store = new MemoryStore();
        var estimator = new WorkEstimator(BuiltInKinds.Registry, new CacheHub(store, [], 16), 3 << 20);

        Assert.Equal(seats, estimator.Write(length));
    }
}
