using System.CommandLine;
using System.Text.RegularExpressions;
using Migration.Local.Bench;
using Migration.Local.Call;
using Migration.Local.Cluster;
using Migration.Local.Demo;

var name = new Option<string>("--name") { Description = "Which cluster; several can run side by side.", DefaultValueFactory = _ => "local" };
name.Validators.Add(result =>
{
    if (!Regex.IsMatch(result.GetValue(name) ?? "", "^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$"))
        result.AddError("--name: 1 to 20 lower-case letters, digits and dashes");
});
var nodes = new Option<int>("--nodes") { Description = "How many nodes.", DefaultValueFactory = _ => 2 };
nodes.Validators.Add(result =>
{
    if (result.GetValue(nodes) is < 1 or > 100)
        result.AddError("--nodes: 1 to 100");
});
var accelerator = new Option<string>("--accelerator") { Description = "How guests are run.", DefaultValueFactory = _ => "tcg" };
accelerator.AcceptOnlyFromAmong("tcg", "kvm", "auto");
var image = new Option<string[]>("--image") { Description = "NAME=DIRECTORY: where an image's files are on this machine.", DefaultValueFactory = _ => [] };
var detach = new Option<bool>("-d", "--detach") { Description = "Return when the cluster is ready; it runs on." };
var json = new Option<bool>("--json") { Description = "Print exactly one JSON object on stdout." };
var bench = new Argument<string>("NAME") { Description = $"One of: {string.Join(", ", BenchCommand.Names)}, all", DefaultValueFactory = _ => "all" };

var keep = new Option<bool>("--keep") { Description = "Go on with the objects that the last cluster of this name had." };
var forget = new Option<bool>("--forget") { Description = "Remove what is kept for up --keep, too." };
var up = new Command("up", "Start an embedded cluster: API server, nodes, controllers.") { name, nodes, accelerator, image, detach, keep };
up.SetAction((options, ct) => ClusterCommands.UpAsync(
    ClusterOptions.Parse(options.GetValue(name)!, options.GetValue(nodes), options.GetValue(accelerator)!, options.GetValue(image)!) with
    {
        State = new ClusterPaths(options.GetValue(name)!).Kept, Keep = options.GetValue(keep),
    },
    options.GetValue(detach), ct));

var down = new Command("down", "Stop an embedded cluster and remove everything it made but its objects, which up --keep goes on with.") { name, forget };
down.SetAction((options, ct) => ClusterCommands.DownAsync(options.GetValue(name)!, options.GetValue(forget), ct));

var status = new Command("status", "Show the embedded clusters of this machine.") { json };
status.SetAction((options, ct) => ClusterCommands.StatusAsync(options.GetValue(json), ct));

var demo = new Command("demo", "Migrate a guest between two nodes under traffic, and report.") { json, accelerator };
demo.SetAction((options, ct) => DemoCommand.RunAsync(options.GetValue(json), options.GetValue(accelerator)!, ct));

var benches = new Command("bench", "Measure what we promise.") { bench, json };
benches.SetAction((options, ct) => BenchCommand.RunAsync(options.GetValue(bench)!, options.GetValue(json), ct));

var socket = new Argument<string>("SOCKET") { Description = "The node's unix socket." };
var method = new Argument<string>("METHOD") { Description = "Like Networks/Attach; without one, all are listed.", DefaultValueFactory = _ => "" };
var request = new Argument<string>("JSON") { Description = "The request; - reads it from stdin.", DefaultValueFactory = _ => "{}" };
var call = new Command("call", "Call a node's gRPC API: JSON in, JSON out.") { socket, method, request };
call.SetAction(async (options, ct) => await CallCommand.RunAsync(
    options.GetValue(socket)!, options.GetValue(method)!,
    options.GetValue(request) is "-" ? await Console.In.ReadToEndAsync(ct) : options.GetValue(request)!, ct));

var pod = new Argument<string>("POD") { Description = "The network namespace that was attached." };
var tap = new Argument<string>("TAP") { Description = "Its tap, as Attach answered." };
var guest = new Argument<string>("GUEST") { Description = "The network namespace that is to be the guest." };
var mac = new Argument<string>("MAC") { Description = "The guest's MAC, as Attach answered." };
mac.Validators.Add(result =>
{
    if (!System.Net.NetworkInformation.PhysicalAddress.TryParse(result.GetValue(mac) ?? "", out var address) || address.GetAddressBytes().Length != 6)
        result.AddError("MAC: must be like 02:00:00:00:00:01");
});
var plug = new Command("plug", "Put a network namespace behind a tap, where QEMU would put a guest.") { pod, tap, guest, mac };
plug.SetAction((options, ct) => PlugCommand.RunAsync(options.GetValue(pod)!, options.GetValue(tap)!, options.GetValue(guest)!, options.GetValue(mac)!, ct));

var root = new RootCommand("Virtual machines in Kubernetes whose networking survives and whose live migration guests do not notice.")
{
    up, down, status, demo, benches, call, plug,
};
return await root.Parse(args).InvokeAsync();
