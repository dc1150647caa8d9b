using Migration.Node.Machines;
using Migration.Node.Networks;

namespace Migration.Node.Tests.Machines;

/// <summary>
/// Random histories of wishes, guests that are slow to let go, and node services that die between any two things they do: the guest always
/// comes to have what it is to have, no two NICs are ever in one slot, and nothing is left of what went.
/// </summary>
public sealed class InterfaceModelTests
{
    private static readonly string[] Names = ["a", "b", "c", "d"];

    [Fact]
    public void Guest_comes_to_have_what_is_wanted_whoever_dies_when()
    {
        for (var seed = 0; seed < 500; seed++)
            new World(seed).Play();
    }

    private sealed class World(int seed)
    {
        private readonly Random _random = new(seed);
        private readonly Dictionary<string, int> _guest = [];
        private readonly HashSet<string> _unplugging = [];
        private readonly HashSet<string> _backends = [];
        private readonly HashSet<string> _bound = [];
        private readonly Dictionary<string, DateTimeOffset> _asked = [];
        private readonly Dictionary<string, LinkState> _links = [];
        private DateTimeOffset _now = DateTimeOffset.UnixEpoch.AddDays(20000);
        private int _untilDeath = int.MaxValue;

        private MachineRecord _record = new()
        {
            Plan = new() { Id = "m", Pod = new("ns", "pod", "uid"), MemoryBytes = 1 },
            LaunchId = "l",
        };

        public void Play()
        {
            for (var round = 0; round < 8; round++)
            {
                Wish();
                _untilDeath = _random.Next(12);
                for (var step = 0; step < 30; step++)
                    LiveOn();
            }

            _untilDeath = int.MaxValue;
            for (var step = 0; step < 100; step++)
                LiveOn();
            var wanted = _record.Plan.Interfaces.ToDictionary(nic => nic.Name);
            Assert.True(_record.Leaving.Count == 0 && wanted.Keys.ToHashSet().SetEquals(_guest.Keys), $"seed {seed}: wanted {string.Join(' ', wanted.Keys)}, the guest has {string.Join(' ', _guest.Keys)}");
            Assert.True(wanted.Values.All(nic => _guest[nic.Name] == nic.Slot && _links[nic.Name] == nic.LinkState), $"seed {seed}: slots or links");
            Assert.True(_backends.SetEquals(wanted.Keys) && _bound.SetEquals(wanted.Keys), $"seed {seed}: something is left");
        }

        private void Wish()
        {
            var wanted = Names.Where(_ => _random.Next(2) == 0)
                .Select(name => new InterfacePlan { Name = name, PodInterface = name, LinkState = _random.Next(3) == 0 ? LinkState.Down : LinkState.Up }).ToList();
            _record = Replan.WithInterfaces(_record, wanted);
        }

        private void LiveOn()
        {
            _now += TimeSpan.FromSeconds(1);
            foreach (var leaving in _unplugging.Where(_ => _random.Next(4) == 0).ToList())
            {
                _unplugging.Remove(leaving);
                _guest.Remove(leaving);
                _links.Remove(leaving);
            }

            try
            {
                if (InterfaceStep.WhileRunning(_record, See()) is { } step)
                    Perform(step);
            }
            catch (OperationCanceledException)
            {
                // What only the dead process knew.
                _asked.Clear();
                _links.Clear();
                _untilDeath = int.MaxValue;
            }
        }

        private MachineObservation See() => new()
        {
            Guest = GuestState.Running,
            Now = _now,
            Interfaces = new()
            {
                Cards = [.. _guest.Keys.Select(name => new GuestCard(name, _links.TryGetValue(name, out var link) ? link : null))],
                Bound = _bound,
                Bindable = Names.Where(name => !_bound.Contains(name)).ToHashSet(),
                Asked = _asked,
            },
        };

        private void Perform(InterfaceStep step)
        {
            var name = step.Nic.Name;
            switch (step)
            {
                case InterfaceStep.Bind:
                    Do(() => _bound.Add(name));
                    break;
                case InterfaceStep.Plug:
                    Do(() => _record = Layout.WithSlot(_record, name));
                    Do(() => _backends.Remove(name));
                    Do(() => _backends.Add(name));
                    Do(() => PlugIn(name, _record.Plan.Interfaces.First(nic => nic.Name == name).Slot!.Value));
                    break;
                case InterfaceStep.SetLink:
                    Do(() => _links[name] = step.Nic.LinkState);
                    break;
                case InterfaceStep.Ask:
                    Do(() => _asked[name] = _now);
                    Do(() => _unplugging.Add(name));
                    break;
                case InterfaceStep.Drop:
                    Do(() => _backends.Remove(name));
                    Do(() => _bound.Remove(name));
                    Do(() => _record = _record with { Leaving = [.. _record.Leaving.Where(nic => nic.Name != name)] });
                    Do(() => _asked.Remove(name));
                    break;
            }
        }

        private void PlugIn(string name, int slot)
        {
            Assert.False(_guest.ContainsValue(slot), $"seed {seed}: slot {slot} is taken");
            Assert.True(_bound.Contains(name), $"seed {seed}: {name} has no tap");
            _guest.Add(name, slot);
        }

        private void Do(Action act)
        {
            if (_untilDeath-- <= 0)
                throw new OperationCanceledException();
            act();
        }
    }
}
