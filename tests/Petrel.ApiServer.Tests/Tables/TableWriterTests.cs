using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Tables;
using Petrel.ApiServer.Tests.Kinds;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Tables;

public sealed class TableWriterTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.Parse("2026-11-23T12:00:00Z");

    /// <summary>The cells of one object by column; those of <c>-o wide</c> in brackets at the end.</summary>
    internal static string Row(JsonObject document)
    {
        var table = Table(document, new TableOptions { Now = Now });
        var cells = table["rows"]![0]!["cells"]!.AsArray();
        var columns = table["columnDefinitions"]!.AsArray();
        Assert.Equal(columns.Count, cells.Count);
        var shown = cells.Zip(columns).ToLookup(c => (int)c.Second!["priority"]!, c => c.First!.ToString());
        return string.Join(" | ", shown[0]) + (shown[1].Any() ? $" [{string.Join(" | ", shown[1])}]" : "");
    }

    private static JsonObject Table(JsonObject document, TableOptions options) =>
        JsonNode
            .Parse(TableWriter.Write(Samples.Kind(document), [Encoding.UTF8.GetBytes(document.ToJsonString())], options).Span)!
            .AsObject();

    private static string PodRow(string change) =>
        Row(
            Samples.With(
                """{'apiVersion':'v1','kind':'Pod','metadata':{'name':'p','namespace':'default',"""
                    + """'creationTimestamp':'2026-11-23T11:54:48Z'},'spec':{'containers':[{'name':'c','image':'x'}]}}""",
                change
            )
        );

    [Theory]
    [InlineData("{'status':{'phase':'Pending'}}", "p | 0/1 | Pending | 0 | 5m12s [<none> | <none> | <none> | <none>]")]
    [InlineData(
        "{'spec':{'nodeName':'n1'},'status':{'phase':'Running','podIP':'10.0.0.1','podIPs':[{'ip':'10.0.0.1'}],"
            + "'containerStatuses':[{'ready':true,'restartCount':0,'state':{'running':{}}}]}}",
        "p | 1/1 | Running | 0 | 5m12s [10.0.0.1 | n1 | <none> | <none>]"
    )]
    [InlineData(
        "{'status':{'phase':'Running','containerStatuses':[{'ready':false,'restartCount':3,"
            + "'state':{'waiting':{'reason':'CrashLoopBackOff'}},'lastState':{'terminated':{'finishedAt':'2026-11-23T11:55:00Z'}}}]}}",
        "p | 0/1 | CrashLoopBackOff | 3 (5m ago) | 5m12s [<none> | <none> | <none> | <none>]"
    )]
    [InlineData(
        "{'status':{'phase':'Succeeded','containerStatuses':[{'ready':false,'restartCount':0,"
            + "'state':{'terminated':{'exitCode':0,'reason':'Completed'}}}]}}",
        "p | 0/1 | Completed | 0 | 5m12s [<none> | <none> | <none> | <none>]"
    )]
    [InlineData(
        "{'status':{'phase':'Failed','containerStatuses':[{'restartCount':0,'state':{'terminated':{'exitCode':3}}}]}}",
        "p | 0/1 | ExitCode:3 | 0 | 5m12s [<none> | <none> | <none> | <none>]"
    )]
    [InlineData(
        "{'status':{'phase':'Failed','containerStatuses':[{'restartCount':0,'state':{'terminated':{'exitCode':137,'signal':9}}}]}}",
        "p | 0/1 | Signal:9 | 0 | 5m12s [<none> | <none> | <none> | <none>]"
    )]
    [InlineData("{'status':{'phase':'Failed','reason':'Evicted'}}", "p | 0/1 | Evicted | 0 | 5m12s [<none> | <none> | <none> | <none>]")]
    [InlineData(
        "{'metadata':{'deletionTimestamp':'2026-11-23T12:00:00Z'},'status':{'phase':'Running'}}",
        "p | 0/1 | Terminating | 0 | 5m12s [<none> | <none> | <none> | <none>]"
    )]
    [InlineData(
        "{'metadata':{'deletionTimestamp':'2026-11-23T12:00:00Z'},'status':{'phase':'Running','reason':'NodeLost'}}",
        "p | 0/1 | Unknown | 0 | 5m12s [<none> | <none> | <none> | <none>]"
    )]
    [InlineData(
        "{'spec':{'initContainers':[{'name':'i'},{'name':'j'}]},'status':{'phase':'Pending',"
            + "'initContainerStatuses':[{'name':'i','restartCount':0,'state':{'terminated':{'exitCode':0}}},{'name':'j',"
            + "'restartCount':1,'state':{'running':{}}}]}}",
        "p | 0/1 | Init:1/2 | 1 | 5m12s [<none> | <none> | <none> | <none>]"
    )]
    [InlineData(
        "{'spec':{'initContainers':[{'name':'i'}]},'status':{'phase':'Pending','initContainerStatuses':[{'name':'i',"
            + "'restartCount':2,'state':{'terminated':{'exitCode':1,'reason':'Error'}}}]}}",
        "p | 0/1 | Init:Error | 2 | 5m12s [<none> | <none> | <none> | <none>]"
    )]
    [InlineData(
        "{'spec':{'initContainers':[{'name':'i'}]},'status':{'phase':'Pending','initContainerStatuses':[{'name':'i',"
            + "'restartCount':0,'state':{'waiting':{'reason':'PodInitializing'}}}]}}",
        "p | 0/1 | Init:0/1 | 0 | 5m12s [<none> | <none> | <none> | <none>]"
    )]
    [InlineData(
        "{'spec':{'initContainers':[{'name':'i','restartPolicy':'Always'}]},'status':{'phase':'Running',"
            + "'initContainerStatuses':[{'name':'i','started':true,'ready':true,'restartCount':1,'state':{'running':{}}}],"
            + "'containerStatuses':[{'ready':true,'restartCount':0,'state':{'running':{}}}]}}",
        "p | 2/2 | Running | 1 | 5m12s [<none> | <none> | <none> | <none>]"
    )]
    [InlineData(
        "{'spec':{'readinessGates':[{'conditionType':'a/b'},{'conditionType':'a/c'}]},'status':{'phase':'Pending',"
            + "'conditions':[{'type':'a/b','status':'True'},{'type':'PodScheduled','status':'False','reason':'SchedulingGated'}]}}",
        "p | 0/1 | SchedulingGated | 0 | 5m12s [<none> | <none> | <none> | 1/2]"
    )]
    public void A_pods_row_says_what_kubectl_would(string change, string expected) => Assert.Equal(expected, PodRow(change));

    [Fact]
    public void A_completed_container_beside_a_running_one_leaves_the_pod_running()
    {
        const string statuses =
            "'containerStatuses':[{'ready':false,'state':{'terminated':{'exitCode':0,'reason':'Completed'}}},{'ready':true,"
            + "'state':{'running':{}}}]";

        Assert.StartsWith("p | 1/1 | NotReady", PodRow($"{{'status':{{'phase':'Running',{statuses}}}}}"), StringComparison.Ordinal);
        Assert.StartsWith(
            "p | 1/1 | Running",
            PodRow($"{{'status':{{'phase':'Running','conditions':[{{'type':'Ready','status':'True'}}],{statuses}}}}}"),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(
        """{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'d'},'spec':{'replicas':3,"""
            + """'selector':{'matchLabels':{'b':'2','a':'1'}},'template':{'spec':{'containers':[{'name':'c','image':'i:1'},"""
            + """{'name':'e','image':'j'}]}}},'status':{'readyReplicas':2,'updatedReplicas':3,'availableReplicas':1}}""",
        "d | 2/3 | 3 | 1 | <unknown> [c,e | i:1,j | a=1,b=2]"
    )]
    [InlineData(
        """{'apiVersion':'apps/v1','kind':'ReplicaSet','metadata':{'name':'r'},'spec':{'replicas':3,"""
            + """'selector':{'matchLabels':{'a':'1'}},'template':{'spec':{'containers':[{'name':'c','image':'i:1'}]}}},"""
            + """'status':{'replicas':2,'readyReplicas':1}}""",
        "r | 3 | 2 | 1 | <unknown> [c | i:1 | a=1]"
    )]
    [InlineData(
        """{'apiVersion':'v1','kind':'Service','metadata':{'name':'s'},'spec':{'type':'NodePort','clusterIP':'10.96.0.1',"""
            + """'selector':{'a':'1'},'ports':[{'port':80,'nodePort':30080,'protocol':'TCP'},{'port':53,'protocol':'UDP'}]}}""",
        "s | NodePort | 10.96.0.1 | <none> | 80:30080/TCP,53/UDP | <unknown> [a=1]"
    )]
    [InlineData(
        """{'apiVersion':'v1','kind':'Service','metadata':{'name':'s'},'spec':{'type':'ExternalName','externalName':'example.com'}}""",
        "s | ExternalName | <none> | example.com | <none> | <unknown> [<none>]"
    )]
    [InlineData(
        """{'apiVersion':'v1','kind':'Service','metadata':{'name':'s'},'spec':{'type':'LoadBalancer','clusterIP':'10.96.0.1'}}""",
        "s | LoadBalancer | 10.96.0.1 | <pending> | <none> | <unknown> [<none>]"
    )]
    [InlineData(
        """{'apiVersion':'v1','kind':'Node','metadata':{'name':'n','labels':{'node-role.kubernetes.io/worker':'',"""
            + """'node-role.kubernetes.io/control-plane':''}},'spec':{'unschedulable':true},"""
            + """'status':{'conditions':[{'type':'Ready','status':'Unknown'}],'addresses':[{'type':'InternalIP',"""
            + """'address':'10.1.0.2'}],'nodeInfo':{'kubeletVersion':'v1.35.0','osImage':'Debian','kernelVersion':'6.18',"""
            + """'containerRuntimeVersion':'petrel://0.1'}}}""",
        "n | NotReady,SchedulingDisabled | control-plane,worker | <unknown> | v1.35.0 [10.1.0.2 | <none> | Debian | 6.18 | petrel://0.1]"
    )]
    [InlineData(
        """{'apiVersion':'v1','kind':'Node','metadata':{'name':'n'}}""",
        "n | Unknown | <none> | <unknown> |  [<none> | <none> | <unknown> | <unknown> | <unknown>]"
    )]
    [InlineData(
        """{'apiVersion':'v1','kind':'Event','metadata':{'name':'e'},'type':'Warning','reason':'BackOff','message':'again ',"""
            + """'count':4,'involvedObject':{'kind':'Pod','name':'p','fieldPath':'spec.containers{c}'},"""
            + """'source':{'component':'kubelet','host':'n1'},'firstTimestamp':'2026-11-23T11:00:00Z',"""
            + """'lastTimestamp':'2026-11-23T11:59:30Z'}""",
        "30s | Warning | BackOff | pod/p | again [spec.containers{c} | kubelet, n1 | 60m | 4 | e]"
    )]
    [InlineData(
        """{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'c','creationTimestamp':'2026-11-20T08:00:00Z'},"""
            + """'data':{'a':'b'},'binaryData':{'c':'ZA=='}}""",
        "c | 2 | 3d4h"
    )]
    [InlineData(
        """{'apiVersion':'v1','kind':'Secret','metadata':{'name':'c'},'type':'Opaque','data':{'a':'b'}}""",
        "c | Opaque | 1 | <unknown>"
    )]
    [InlineData("""{'apiVersion':'v1','kind':'Namespace','metadata':{'name':'n'},'status':{'phase':'Active'}}""", "n | Active | <unknown>")]
    [InlineData("""{'apiVersion':'v1','kind':'ServiceAccount','metadata':{'name':'n'}}""", "n | 0 | <unknown>")]
    [InlineData(
        """{'apiVersion':'coordination.k8s.io/v1','kind':'Lease','metadata':{'name':'n'},'spec':{'holderIdentity':'me'}}""",
        "n | me | <unknown>"
    )]
    [InlineData(
        """{'apiVersion':'discovery.k8s.io/v1','kind':'EndpointSlice','metadata':{'name':'n'},'addressType':'IPv4',"""
            + """'ports':[{'port':80},{'port':81}],'endpoints':[{'addresses':['10.0.0.1']},{'addresses':['10.0.0.2']},"""
            + """{'addresses':['10.0.0.3']},{'addresses':['10.0.0.4']}]}""",
        "n | IPv4 | 80,81 | 10.0.0.1,10.0.0.2,10.0.0.3 + 1 more... | <unknown>"
    )]
    public void Rows_say_what_kubectl_would(string text, string expected) => Assert.Equal(expected, Row(Samples.Parse(text)));

    [Fact]
    public void A_row_carries_the_objects_metadata_unless_asked_otherwise()
    {
        var pod = Samples.Parse(Samples.Pod);

        var metadata = Table(pod, new TableOptions { Now = Now })["rows"]![0]!;
        var whole = Table(pod, new TableOptions { Now = Now, IncludeObject = IncludeObject.Object })["rows"]![0]!;
        var none = Table(pod, new TableOptions { Now = Now, IncludeObject = IncludeObject.None })["rows"]![0]!.AsObject();

        Assert.Equal(
            """{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"p","namespace":"default"}}""",
            metadata["object"]!.ToJsonString()
        );
        Assert.True(JsonNode.DeepEquals(pod, whole["object"]));
        Assert.False(none.ContainsKey("object"));
    }

    [Fact]
    public void A_table_carries_the_lists_metadata_and_describes_its_columns_once()
    {
        var options = new TableOptions
        {
            Now = Now,
            ResourceVersion = "7",
            Continue = "abc",
            RemainingItemCount = 3,
        };

        var first = Table(Samples.Parse(Samples.Pod), options);
        var later = Table(Samples.Parse(Samples.Pod), options with { WithColumns = false });

        Assert.Equal("""{"resourceVersion":"7","continue":"abc","remainingItemCount":3}""", first["metadata"]!.ToJsonString());
        Assert.Equal(
            ["Name", "Ready", "Status", "Restarts", "Age", "IP", "Node", "Nominated Node", "Readiness Gates"],
            first["columnDefinitions"]!.AsArray().Select(c => (string)c!["name"]!)
        );
        Assert.Null(later["columnDefinitions"]);
        Assert.True(later.ContainsKey("columnDefinitions"));
    }

    [Fact]
    public void Selectable_fields_are_read_as_upstream_does()
    {
        var pod = Samples.Element(Samples.With(Samples.Pod, "{'spec':{'nodeName':'n'},'status':{'phase':'Running'}}"));
        var fields = Samples.Kind(Samples.Parse(Samples.Pod)).SelectableFields;

        Assert.Equal("n", fields["spec.nodeName"](pod));
        Assert.Equal("Running", fields["status.phase"](pod));
        Assert.Equal("", fields["status.podIP"](pod));
        Assert.Equal("false", fields["spec.hostNetwork"](pod));
        Assert.Equal(8, fields.Count);
    }
}
